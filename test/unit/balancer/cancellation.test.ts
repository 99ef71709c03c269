import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../src/balancer/engine/cancellation.js';
import { manualClock } from '../../../src/testing/manual-clock.js';

const NEVER = Number.POSITIVE_INFINITY;

function rig(total = NEVER) {
  const clock = manualClock();
  const controller = new AbortController();
  const cancellation = new Cancellation(controller.signal, total, clock);
  const stops: unknown[] = [];
  cancellation.onCancel = () => stops.push(cancellation.cause);
  const listeners = () => getEventListeners(controller.signal, 'abort').length;
  return { clock, controller, cancellation, stops, listeners };
}

describe('Cancellation', () => {
  it('hears of the caller, of the deadline and of the end, and believes the first', () => {
    const caller = rig(100);
    caller.controller.abort();
    caller.clock.advance(100);
    caller.cancellation.cancel('shutdown');
    expect(caller.stops).toEqual(['caller-left']);
    expect(caller.cancellation.outcome).toEqual({ kind: 'neutral', reason: 'caller-left' });

    const late = rig(100);
    late.clock.advance(99);
    expect(late.stops).toEqual([]);
    late.clock.advance(1);
    late.controller.abort();
    expect(late.stops).toEqual(['deadline']);
    expect(late.cancellation.outcome).toEqual({ kind: 'neutral', reason: 'deadline' });
  });

  it('knows a signal that was aborted before', () => {
    const cancellation = new Cancellation(AbortSignal.abort('gone'), NEVER, manualClock());
    expect(cancellation.cause).toBe('caller-left');
    expect(() => cancellation.refusal()).toThrow('gone');
  });

  it('leaves no listener and no timer behind', () => {
    const { cancellation, listeners, clock, controller, stops } = rig(100);
    expect([listeners(), clock.pending]).toEqual([1, 1]);
    cancellation.dispose();
    cancellation.dispose();
    expect([listeners(), clock.pending]).toEqual([0, 0]);
    controller.abort();
    expect(stops).toEqual([]);
  });

  it('sets no timer without a total', () => {
    expect(rig().clock.pending).toBe(0);
  });

  it('throws the caller’s own reason at the caller, and nothing of ours', () => {
    const { controller, cancellation } = rig();
    const reason = { mine: true };
    controller.abort(reason);
    const caught = (() => {
      try {
        cancellation.refusal();
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(caught).toBe(reason);
    expect(cancellation.streamError('a')).toBe(reason);
  });

  it('answers a passed deadline with a timeout, before and in the middle of a body', () => {
    const { clock, cancellation } = rig(100);
    clock.advance(100);
    expect(cancellation.refusal()).toMatchObject({ code: 'timeout' });
    expect(cancellation.refusal().message).toMatch(/100 ms.*timeouts\.total/);
    expect(cancellation.streamError('gpu-1')).toMatchObject({ code: 'STREAM_STALLED', endpoint: 'gpu-1' });
  });

  it('answers the balancer’s end so', () => {
    const { cancellation } = rig();
    cancellation.cancel('shutdown');
    expect(cancellation.refusal()).toMatchObject({ code: 'balancer_closed' });
    expect(cancellation.streamError('gpu-1')).toMatchObject({ code: 'BALANCER_CLOSED', endpoint: 'gpu-1' });
  });
});
