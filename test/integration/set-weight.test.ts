import { LoadBalancer } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { CHAT, chat, Fleet } from '../support/fleet.js';

describe('setWeight', () => {
  it('gives an endpoint another share from the next request on, and keeps what runs there', async () => {
    await using fleet = await Fleet.start();
    const { balancer } = fleet;
    const ask = async () => {
      const answer = await balancer.fetch(CHAT, chat(false));
      await answer.text();
      return answer.headers.get('x-evenkeel-endpoint');
    };
    fleet.server(0).fault = { kind: 'hang' };
    const held = balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: ['s0'] } });
    await fleet.until(() => fleet.server(0).stats.requests === 1);
    fleet.server(0).fault = undefined;
    balancer.setWeight('s0', 8);
    expect(balancer.endpoints[0]).toMatchObject({ id: 's0', weight: 8, outstanding: 1 });
    // (1 + 1) / 8 against 1 / 1
    expect(await ask()).toBe('s0');
    balancer.setWeight('s0', 0);
    expect(await ask()).toBe('s1');
    expect(balancer.endpoints[0]?.outstanding).toBe(1);
    await balancer.close();
    await held.catch(() => {});
  });

  it('lets a request that waits go to an endpoint that had weight 0', async () => {
    await using fleet = await Fleet.start({ endpoint: (index) => ({ weight: index, maxOutstanding: 1 }) });
    fleet.server(1).fault = { kind: 'hang' };
    const leave = new AbortController();
    const held = fleet.balancer.fetch(CHAT, { ...chat(true), signal: leave.signal });
    await fleet.until(() => fleet.served === 1);
    const waiting = fleet.balancer.fetch(CHAT, chat(false));
    await fleet.until(() => fleet.of('request-queued').length === 1);
    fleet.balancer.setWeight('s0', 1);
    expect((await waiting).headers.get('x-evenkeel-endpoint')).toBe('s0');
    leave.abort();
    await held.catch(() => {});
  });

  it.each([
    ['two', 1, '`id` must be that of an endpoint'],
    ['one', -1, '`weight` must be a finite number, at least 0'],
    ['one', Number.NaN, '`weight`'],
    ['one', undefined, '`weight`'],
    ['one', '3', '`weight`'],
  ])('refuses %j with %j by name', async (id, weight, message) => {
    await using balancer = new LoadBalancer({
      endpoints: [{ url: 'http://127.0.0.1:9', id: 'one', weight: 5 }],
    });
    expect(() => balancer.setWeight(id, weight as number)).toThrow(message);
    expect(balancer.endpoints[0]?.weight).toBe(5);
  });
});
