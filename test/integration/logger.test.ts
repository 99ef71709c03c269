import { afterEach, describe, expect, it, vi } from 'vitest';
import { CHAT, chat, Fleet } from '../support/fleet.js';

afterEach(() => vi.restoreAllMocks());

describe('the logger', () => {
  it('is silent unless it is given, also when endpoints fail and observers throw', async () => {
    const written = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'));
    await using fleet = await Fleet.start({
      servers: [{}],
      breaker: { consecutiveFailures: 1 },
      retry: false,
    });
    fleet.balancer.observe(() => {
      throw new Error('a mistake');
    });
    fleet.server(0).fault = { kind: 'status', status: 500 };
    expect((await fleet.balancer.fetch(CHAT, chat(false))).status).toBe(500);
    await fleet.settled();
    expect(fleet.of('endpoint-state')).toHaveLength(1);
    for (const stream of written) expect(stream).not.toHaveBeenCalled();
  });
});
