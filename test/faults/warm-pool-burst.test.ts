import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivationHook, EndpointConfig } from '../../src/index.js';
import { answersIn, VirtualServers } from '../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));
beforeEach(() => {
  servers = new VirtualServers();
});

const SECOND = 1_000;
const ACTIVE: EndpointConfig = { url: 'http://active', id: 'active', maxOutstanding: 10 };
const RESERVE: EndpointConfig = { url: 'http://reserve', id: 'reserve', maxOutstanding: 25, standby: true };
const CALM = 20 * SECOND;
const SEEDS = [1, 2, 3];

/** Ten places of one second each, at a third of capacity; then 20 s at three times capacity; then as before. */
async function burst(reserve: EndpointConfig | undefined, seed: number, hook?: ActivationHook) {
  for (const { url } of [ACTIVE, RESERVE]) servers.server(url).does = answersIn(SECOND);
  const { balancer, events } = servers.balance(
    {
      endpoints: reserve === undefined ? [ACTIVE] : [ACTIVE, reserve],
      warmPool: { calm: CALM, ...(hook === undefined ? {} : { hook }) },
    },
    seed,
  );
  await servers.load(balancer, 300, 30 * SECOND);
  const began = servers.clock.now();
  const during = servers.load(balancer, 1_000 / 30, 20 * SECOND);
  const seen = await during;
  const ended = servers.clock.now();
  seen.push(...(await servers.load(balancer, 300, 60 * SECOND)));
  await servers.clock.advanceAsync(5 * SECOND);
  const moves = events.flatMap((event) =>
    event.type === 'endpoint-activated' || event.type === 'endpoint-rested' ? [event] : [],
  );
  const state = balancer.endpoints.find(({ id }) => id === 'reserve')?.state;
  await balancer.close();
  const waits = seen.map(({ duration }) => duration - SECOND);
  return {
    failed: seen.filter(({ status }) => status !== 200).length,
    longest: Math.max(...waits),
    activated: moves.filter(({ type }) => type === 'endpoint-activated').map(({ at }) => at - began),
    rested: moves.filter(({ type }) => type === 'endpoint-rested').map(({ at }) => at - ended),
    state,
  };
}

describe('A burst of three times capacity', () => {
  it.each(SEEDS)(
    'is absorbed by a standby within a second, which rests again afterwards; seed %i',
    async (seed) => {
      const { failed, longest, activated, rested, state } = await burst(RESERVE, seed);
      expect(failed).toBe(0);
      expect(longest).toBeLessThan(SECOND);
      expect(activated).toHaveLength(1);
      expect(activated[0]).toBeLessThan(SECOND);
      expect(rested).toHaveLength(1);
      expect(rested[0]).toBeGreaterThanOrEqual(CALM);
      expect(rested[0]).toBeLessThan(CALM + 3 * SECOND);
      expect(state).toBe('standby');
    },
  );

  it.each(SEEDS)('is absorbed by a standby that has to wake for 400 ms, too; seed %i', async (seed) => {
    const wait = () => new Promise<void>((resolve) => servers.clock.setTimer(resolve, 400));
    const hook: ActivationHook = { name: 'slow', activate: wait, rest: wait };
    const { failed, longest, state } = await burst(RESERVE, seed, hook);
    expect(failed).toBe(0);
    expect(longest).toBeLessThan(SECOND);
    expect(state).toBe('standby');
  });

  it.each(SEEDS)('makes requests wait for many seconds where there is none; seed %i', async (seed) => {
    const { longest } = await burst(undefined, seed);
    expect(longest).toBeGreaterThan(20 * SECOND);
  });
});
