import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulation/virtual-clock.js';

const never = () => false;

describe('a virtual clock', () => {
  it('fires hundreds of timers in the order of their time, those due together in the order in which they were set', async () => {
    const clock = new VirtualClock();
    const random = seededRandom(1);
    const set = Array.from({ length: 500 }, (_, order) => ({ due: Math.floor(random() * 50), order }));
    const fired: typeof set = [];
    for (const one of set) clock.setTimer(() => fired.push(one), one.due);
    await clock.run(never);
    expect(fired).toEqual([...set].sort((one, other) => one.due - other.due || one.order - other.order));
    expect(clock.now()).toBe(Math.max(...set.map(({ due }) => due)));
  });

  it('does not fire a timer that was closed, by another one due at the same time at that', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    clock.setTimer(() => late.close(), 5);
    const late = clock.setTimer(() => fired++, 5);
    await clock.run(never);
    expect(fired).toBe(0);
  });

  it('lets promise callbacks run before time moves on, chains of them too', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.setTimer(() => {
      let chain = Promise.resolve();
      for (let link = 0; link < 20; link++) chain = chain.then(() => {});
      void chain.then(() => seen.push(clock.now()));
    }, 10);
    clock.setTimer(() => {}, 20);
    await clock.run(never);
    expect(seen).toEqual([10]);
  });

  it('goes on with no turn of the event loop between events that settle nothing, until one stirs', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.schedule(() => void Promise.resolve().then(() => seen.push(clock.now())), 1);
    clock.schedule(() => clock.stir(), 2);
    clock.schedule(() => {}, 3);
    await clock.run(never);
    expect(seen).toEqual([2]);
  });

  it('stops after the event by which it is done', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    for (const delay of [1, 2, 3]) clock.setTimer(() => fired++, delay);
    await clock.run(() => fired === 2);
    expect([fired, clock.now()]).toEqual([2, 2]);
  });

  it('takes a delay below 0 or NaN as none', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.setTimer(() => seen.push(clock.now()), -5);
    clock.setTimer(() => seen.push(clock.now()), Number.NaN);
    await clock.run(never);
    expect(seen).toEqual([0, 0]);
  });
});
