import { describe, expect, it } from 'vitest';
import { CHAT, chat, Fleet } from '../support/fleet.js';

const backoff = { base: 0, cap: 0 };

describe('attemptHeaders', () => {
  it('makes headers for each attempt by itself, once its start has been told', async () => {
    const order: string[] = [];
    await using fleet = await Fleet.start({
      endpoint: (index) => ({ tier: index }),
      retry: { backoff },
      attemptHeaders: ({ attempt }, endpoint) => {
        order.push(`headers ${attempt}`);
        return { 'X-Attempt': `${attempt} ${endpoint}` };
      },
    });
    fleet.balancer.observe((event) => {
      if (event.type === 'request-started' || event.type === 'attempt-started') order.push(event.type);
    });
    fleet.server(0).fault = { kind: 'status', status: 500 };
    const call = { ...chat(false), headers: { 'content-type': 'application/json', 'x-attempt': 'mine' } };
    await (await fleet.balancer.fetch(CHAT, call)).text();
    expect(fleet.server(0).requests[0]?.headers['x-attempt']).toBe('1 s0');
    expect(fleet.server(1).requests[0]?.headers['x-attempt']).toBe('2 s1');
    expect(order).toEqual([
      'request-started',
      'attempt-started',
      'headers 1',
      'attempt-started',
      'headers 2',
    ]);
  });

  it("yields to an endpoint's own headers", async () => {
    await using fleet = await Fleet.start({
      servers: [{}],
      endpoint: () => ({ headers: { authorization: 'its own' } }),
      attemptHeaders: () => ({ authorization: 'of the attempt' }),
    });
    await (await fleet.balancer.fetch(CHAT, chat(false))).text();
    expect(fleet.server(0).requests[0]?.headers.authorization).toBe('its own');
  });

  it('costs no request when it throws; that is logged', async () => {
    const logged: string[] = [];
    const log = () => {};
    await using fleet = await Fleet.start({
      servers: [{}],
      attemptHeaders: () => {
        throw new Error('a mistake');
      },
      logger: { debug: log, info: log, warn: log, error: (_fields, message) => logged.push(message) },
    });
    expect((await fleet.balancer.fetch(CHAT, chat(false))).status).toBe(200);
    expect(logged).toEqual(['attemptHeaders threw']);
  });
});
