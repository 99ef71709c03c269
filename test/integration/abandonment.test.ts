import { describe, expect, it } from 'vitest';
import { CHAT, chat, Fleet } from '../support/fleet.js';

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('This test needs node --expose-gc');
  gc();
}

/** Collects garbage, turn by turn, until `holds`. The test's own limit ends it when that never happens. */
async function collectUntil(holds: () => boolean): Promise<void> {
  while (!holds()) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('A body that nobody reads', () => {
  it('frees its endpoint when its Response is thrown away in the middle of a stream', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    fleet.server(0).fault = { kind: 'stall', after: 2 };
    // In a function of its own, so that nothing here keeps the Response alive.
    await (async () => {
      const { status } = await fleet.balancer.fetch(CHAT, chat(true));
      expect(status).toBe(200);
    })();
    expect(fleet.balancer.snapshot().outstanding).toBe(1);
    await collectUntil(() => fleet.balancer.snapshot().outstanding === 0);
    await fleet.server(0).waitFor(({ aborted }) => aborted === 1);
    expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([
      { kind: 'neutral', reason: 'abandoned' },
    ]);
    await fleet.settled();
  });

  it('is left alone while a reader has it, though its Response is gone', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    fleet.server(0).fault = { kind: 'stall', after: 2 };
    const reader = await (async () => (await fleet.balancer.fetch(CHAT, chat(true))).body?.getReader())();
    for (let turn = 0; turn < 20; turn++) {
      collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(fleet.balancer.snapshot().outstanding).toBe(1);
    expect((await reader?.read())?.done).toBe(false);
    await reader?.cancel();
    await fleet.settled();
  });

  it('costs its endpoint nothing once it has all come', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    const json = await fleet.balancer.fetch(CHAT, chat(false));
    const stream = await fleet.balancer.fetch(CHAT, chat(true));
    await fleet.settled();
    expect([json.bodyUsed, stream.bodyUsed]).toEqual([false, false]);
    // Both are still there to be read.
    expect(await json.json()).toMatchObject({ object: 'chat.completion' });
    expect(await stream.text()).toContain('data: [DONE]');
  });

  it('costs its endpoint nothing when an error answer is thrown away', async () => {
    await using fleet = await Fleet.start({ servers: [{}], retry: false });
    fleet.server(0).fault = { kind: 'status', status: 500 };
    for (let request = 0; request < 3; request++) await fleet.balancer.fetch(CHAT, chat(true));
    await fleet.settled();
  });

  it('stops an endless stream at the server until it is cancelled', async () => {
    await using fleet = await Fleet.start({ servers: [{ tokens: Number.POSITIVE_INFINITY }] });
    const response = await fleet.balancer.fetch(CHAT, chat(true));
    await response.body?.cancel();
    await fleet.server(0).waitFor(({ aborted }) => aborted === 1);
    await fleet.settled();
    expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([
      { kind: 'neutral', reason: 'caller-left' },
    ]);
  });
});
