import { beforeEach, describe, expect, it, vi } from 'vitest';
import { leastOutstanding, peakEwma, powerOfTwo, roundRobin } from '../../src/index.js';
import { answers500In, answersIn, neverAnswers, VirtualServers } from '../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));

beforeEach(() => {
  servers = new VirtualServers();
});

const BAD = 'http://bad';
const SLOW = ['http://slow-1', 'http://slow-2', 'http://slow-3'];
const SEEDS = [1, 2, 3];
const MINUTE = 60_000;

describe('A server that answers 500 in 1 ms among three healthy ones that take 2 s', () => {
  for (const policy of [leastOutstanding, peakEwma, powerOfTwo, roundRobin]) {
    it.each([1, 2])(
      `gets less than a hundredth of the traffic after its first ten failures, under ${policy.name}; seed %i`,
      async (seed) => {
        servers.server(BAD).does = answers500In(1);
        for (const url of SLOW) servers.server(url).does = answersIn(2_000);
        const balancer = servers.balancer(
          { endpoints: [BAD, ...SLOW].map((url) => ({ url })), policy: policy() },
          seed,
        );
        const seen = await servers.load(balancer, 100, 5 * MINUTE);
        const { requests } = servers.server(BAD);
        const since = requests[9] ?? Number.POSITIVE_INFINITY;
        const all = servers.attempts(since, Number.POSITIVE_INFINITY);
        expect(requests.length).toBeGreaterThanOrEqual(10);
        expect(all).toBeGreaterThan(1_000);
        expect((requests.length - 10) / all).toBeLessThan(0.01);
        // Only before its breaker opened, when more retries at once were needed than the budget allows, has anybody noticed.
        const failed = seen.filter(({ status }) => status !== 200);
        expect(failed.length).toBeLessThanOrEqual(2);
        for (const { at } of failed) expect(at).toBeLessThan(requests[5] ?? 0);
        await servers.clock.advanceAsync(2_100);
        await balancer.close();
        expect(servers.clock.pending).toBe(0);
      },
    );
  }
});

describe('A server that accepts and never answers, among three that take 2 s', () => {
  const FIRST_TOKEN = 30_000;
  const start = (seed: number, healthPath?: string) => {
    servers.server(BAD).does = neverAnswers;
    servers.server(BAD).health = neverAnswers;
    for (const url of SLOW) servers.server(url).does = answersIn(2_000);
    const bad = healthPath === undefined ? { url: BAD } : { url: BAD, healthPath };
    return servers.balance(
      {
        endpoints: [bad, ...SLOW.map((url) => ({ url }))],
        timeouts: { firstToken: FIRST_TOKEN },
      },
      seed,
    );
  };

  it.each(SEEDS)(
    'costs each caller one first-token time-out at most, and gets nobody after five but the trial of each open time; seed %i',
    async (seed) => {
      const { balancer, events } = start(seed);
      const seen = await servers.load(balancer, 250, 10 * MINUTE);
      const late = seen.filter(({ duration }) => duration >= FIRST_TOKEN);
      expect(late.length).toBeGreaterThanOrEqual(5);
      // The time-out, a backoff of 50 ms at most, and the other server's 2 s.
      expect(Math.max(...seen.map(({ duration }) => duration))).toBeLessThanOrEqual(FIRST_TOKEN + 2_050);
      for (const { status, attempts, duration } of seen) {
        const due = { status: 200, attempts: duration >= FIRST_TOKEN ? 2 : 1 };
        if (status !== due.status || attempts !== due.attempts) expect({ status, attempts }).toEqual(due);
      }

      const faults = events.filter(
        (event) => event.type === 'attempt-settled' && event.outcome.kind === 'fault',
      );
      const fifth = faults[4]?.at ?? Number.NaN;
      const trials = servers.server(BAD).requests.filter((at) => at > fifth);
      expect(trials.length).toBeGreaterThan(3);
      // One after the first open time; then one at a time, each after the last has timed out and the next has passed:
      // at least 5, 10, 20, 40 s, and from there on 80 to 120.
      let soonest = fifth + 5_000;
      for (const [index, at] of trials.entries()) {
        expect(at).toBeGreaterThanOrEqual(soonest);
        soonest = at + FIRST_TOKEN + Math.min(80_000, 5_000 * 2 ** index);
      }
      await balancer.close();
    },
  );

  it.each(SEEDS)(
    'gets nobody at all after five time-outs when it has a healthPath; seed %i',
    async (seed) => {
      const { balancer, events } = start(seed, '/health');
      // Its health was good when the balancer began.
      servers.server(BAD).health = (call) => call.json();
      await servers.clock.advanceAsync(1);
      servers.server(BAD).health = neverAnswers;
      await servers.load(balancer, 250, 10 * MINUTE);
      const faults = events.filter(
        (event) => event.type === 'attempt-settled' && event.outcome.kind === 'fault',
      );
      const fifth = faults[4]?.at ?? Number.NaN;
      expect(servers.server(BAD).requests.filter((at) => at > fifth)).toEqual([]);
      expect(servers.server(BAD).probes).toBeGreaterThan(60);
      await balancer.close();
    },
  );
});
