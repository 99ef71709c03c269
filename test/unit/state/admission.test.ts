import PQueue from 'p-queue';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Admission, type AdmissionOptions } from '../../../src/state/admission.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { fc } from '../../support/property.js';

afterEach(() => vi.restoreAllMocks());

/** Places that are handed out one by one, and whoever waits for them. */
function rig(options: Partial<AdmissionOptions> = {}) {
  const clock = manualClock();
  const admission = new Admission<string>({ maxQueued: 1_000, maxWait: 30_000, ...options }, clock);
  let free = 0;
  const placed: string[] = [];
  const told: string[] = [];
  const leaves = new Map<string, () => void>();
  const wait = (
    name: string,
    fields: { model?: string; priority?: number; blocked?: () => boolean } = {},
  ) => {
    const { model, priority = 0, blocked = () => false } = fields;
    const waiting = admission.wait(
      {
        model,
        priority,
        lane: name,
        placeable: () => free > 0 && !blocked(),
        place: () => {
          free--;
          placed.push(name);
          return name;
        },
      },
      (leave) => leaves.set(name, leave),
    );
    return waiting.then((answer) => {
      told.push(
        answer === undefined
          ? `${name} left`
          : 'refusal' in answer
            ? `${name} ${answer.refusal}`
            : `${name} in`,
      );
    });
  };
  return {
    admission,
    clock,
    placed,
    told,
    wait,
    leave: (name: string) => leaves.get(name)?.(),
    /** So many places become free. */
    open: (places: number) => {
      free += places;
      admission.wake();
    },
  };
}

describe('Admission', () => {
  it('lets in as many as there are places, and no more, in the order of arrival', async () => {
    const { wait, open, placed, admission } = rig();
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => wait(name));
    expect(admission.queued).toBe(5);
    open(2);
    // In the very tick in which the places became free.
    expect(placed).toEqual(['a', 'b']);
    expect(admission.queued).toBe(3);
    open(3);
    await Promise.all(all);
    expect(placed).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('lets the highest priority in first', async () => {
    const { wait, open, placed } = rig();
    const all = [wait('low', { priority: -5 }), wait('first'), wait('second'), wait('high', { priority: 5 })];
    open(4);
    await Promise.all(all);
    expect(placed).toEqual(['high', 'first', 'second', 'low']);
  });

  it('passes over those that no free endpoint could take', async () => {
    let blocked = true;
    const { wait, open, placed } = rig();
    const all = [wait('a', { blocked: () => blocked }), wait('b')];
    open(1);
    expect(placed).toEqual(['b']);
    blocked = false;
    open(1);
    await Promise.all(all);
    expect(placed).toEqual(['b', 'a']);
  });

  it('lets in at once who can be placed at once', async () => {
    const { wait, open, placed, clock, admission } = rig();
    open(1);
    await wait('a');
    expect(placed).toEqual(['a']);
    expect(clock.pending).toBe(0);
    expect(admission.queued).toBe(0);
  });

  it('sheds one more than maxQueued, and touches none of those that wait', async () => {
    const { wait, told, admission, clock, open } = rig({ maxQueued: 2 });
    const all = [wait('a'), wait('b')];
    expect(admission.full).toBe(true);
    await wait('c');
    expect(told).toEqual(['c queue-full']);
    expect(clock.pending).toBe(2);
    open(2);
    await Promise.all(all);
    expect(admission.full).toBe(false);
  });

  it('sheds everybody when maxQueued is 0', async () => {
    const { wait, told } = rig({ maxQueued: 0 });
    await wait('a');
    expect(told).toEqual(['a queue-full']);
  });

  it('sheds who has waited for maxWait', async () => {
    const { wait, told, clock, admission, open, placed } = rig({ maxWait: 100 });
    const first = wait('a');
    clock.advance(50);
    const second = wait('b');
    clock.advance(50);
    await first;
    expect(told).toEqual(['a max-wait']);
    expect(admission.queued).toBe(1);
    open(5);
    await second;
    expect(placed).toEqual(['b']);
    expect(clock.pending).toBe(0);
  });

  it('sets no timer when maxWait is switched off', async () => {
    const { wait, clock, open } = rig({ maxWait: Number.POSITIVE_INFINITY });
    const waiting = wait('a');
    expect(clock.pending).toBe(0);
    open(1);
    await waiting;
  });

  it('takes a cancelled request out of the line', async () => {
    const { wait, leave, told, open, placed, clock, admission } = rig();
    const all = [wait('a'), wait('b')];
    leave('a');
    await all[0];
    expect(told).toEqual(['a left']);
    expect(admission.queued).toBe(1);
    open(2);
    await Promise.all(all);
    expect(placed).toEqual(['b']);
    leave('b');
    expect(clock.pending).toBe(0);
  });

  it('keeps the place of one that is cancelled in the tick in which it got it', async () => {
    const { wait, leave, told, open } = rig();
    const waiting = wait('a');
    open(1);
    leave('a');
    await waiting;
    expect(told).toEqual(['a in']);
  });

  it('passes on what `place` throws, and is none the worse for it', async () => {
    const { admission, clock } = rig();
    const wait = (place: () => string) =>
      admission.wait({ model: 'm', priority: 0, lane: '', placeable: () => true, place }, () => {});
    await expect(
      wait(() => {
        throw new Error('no place');
      }),
    ).rejects.toThrow('no place');
    await expect(wait(() => 'x')).resolves.toEqual({ place: 'x' });
    expect(admission.queued).toBe(0);
    expect(admission.queuedByModel).toEqual({});
    expect(clock.pending).toBe(0);
  });

  it('counts those that wait by model', async () => {
    const { wait, admission, open, leave } = rig();
    const all = [
      wait('a', { model: 'llama' }),
      wait('b', { model: 'llama' }),
      wait('c', { model: 'qwen' }),
      wait('d'),
    ];
    expect(admission.queuedByModel).toEqual({ llama: 2, qwen: 1, '': 1 });
    leave('c');
    await all[2];
    expect(admission.queuedByModel).toEqual({ llama: 2, '': 1 });
    open(3);
    await Promise.all(all);
    expect(admission.queuedByModel).toEqual({});
  });

  it('sends everybody away when it is closed', async () => {
    const { wait, admission, told, clock } = rig();
    const all = [wait('a'), wait('b')];
    admission.wakeIn(10, () => {});
    admission.close();
    await Promise.all(all);
    expect(told.sort()).toEqual(['a closed', 'b closed']);
    expect(clock.pending).toBe(0);
    expect(admission.queued).toBe(0);
  });

  it('rings at the soonest of its alarms only', async () => {
    const { wait, admission, clock, open } = rig();
    const waiting = wait('a');
    const before = clock.pending;
    const rung: number[] = [];
    for (const delay of [100, 50, 200]) admission.wakeIn(delay, () => rung.push(delay));
    expect(clock.pending).toBe(before + 1);
    clock.advance(50);
    expect(clock.pending).toBe(before);
    expect(rung).toEqual([50]);
    open(1);
    await waiting;
  });

  it('lets in whoever can be placed when an alarm rings, without being woken otherwise', async () => {
    const { wait, admission, clock, open, placed } = rig();
    let cooling = true;
    open(1);
    const waiting = wait('a', { blocked: () => cooling });
    admission.wakeIn(100, () => {});
    cooling = false;
    clock.advance(99);
    expect(placed).toEqual([]);
    clock.advance(1);
    await waiting;
    expect(placed).toEqual(['a']);
  });

  it('silences its alarm when the last one in the line leaves', async () => {
    const { wait, admission, clock, leave } = rig();
    const waiting = wait('a');
    admission.wakeIn(100, () => {});
    leave('a');
    await waiting;
    expect(clock.pending).toBe(0);
  });

  it('leaves its alarm set as long as somebody waits for it', async () => {
    const { admission, wait, leave, clock } = rig();
    const rung: number[] = [];
    const [gone, patient] = [wait('gone'), wait('patient')];
    admission.wakeIn(100, () => rung.push(clock.now()));
    const start = clock.now();
    leave('gone');
    await gone;
    clock.advance(100);
    expect(rung).toEqual([start + 100]);
    leave('patient');
    await patient;
  });

  it('never empties the line behind the back of those who wait', async () => {
    const clear = vi.spyOn(PQueue.prototype, 'clear');
    const { wait, admission, leave, open } = rig();
    const all = [wait('a'), wait('b'), wait('c')];
    leave('b');
    open(1);
    admission.close();
    await Promise.all(all);
    expect(clear).not.toHaveBeenCalled();
  });

  it('tells each one exactly once, hands out each place once, and leaves no timer, in any order of events', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('wait' as const), priority: fc.integer({ min: -1, max: 1 }) }),
      fc.record({ do: fc.constant('open' as const), places: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant('leave' as const), who: fc.nat(20) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(150) }),
      fc.record({ do: fc.constant('alarm' as const), ms: fc.nat(150) }),
      fc.record({ do: fc.constant('turn' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
        const line = rig({ maxQueued: 4, maxWait: 200 });
        const all: Promise<void>[] = [];
        let places = 0;
        for (const one of steps) {
          if (one.do === 'wait') all.push(line.wait(`r${all.length}`, { priority: one.priority }));
          else if (one.do === 'open') {
            places += one.places;
            line.open(one.places);
          } else if (one.do === 'leave') line.leave(`r${one.who}`);
          else if (one.do === 'advance') line.clock.advance(one.ms);
          else if (one.do === 'alarm') line.admission.wakeIn(one.ms, () => {});
          else await Promise.resolve();
          expect(line.placed.length).toBeLessThanOrEqual(places);
          expect(line.admission.queued).toBeLessThanOrEqual(4);
        }
        line.admission.close();
        await Promise.all(all);
        expect(line.told).toHaveLength(all.length);
        expect(line.told.filter((word) => word.endsWith(' in'))).toHaveLength(line.placed.length);
        expect(new Set(line.placed).size).toBe(line.placed.length);
        expect(line.admission.queued).toBe(0);
        expect(line.admission.queuedByModel).toEqual({});
        expect(line.clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
