import { describe, expect, it } from 'vitest';
import { AdmissionLine, type LineOptions, type Waiting } from '../../../src/state/admission-line.js';

/** A line whose entries are known by name. */
function rig() {
  const waiting: Waiting[] = [];
  const line = new AdmissionLine(waiting);
  const names = new Map<() => Promise<unknown>, string>();
  const enqueue = (name: string, options: Partial<LineOptions> = {}) => {
    const run = async () => name;
    names.set(run, name);
    line.enqueue(run, { id: name, ...options });
  };
  const nameOf = (run: (() => Promise<unknown>) | undefined) => run && names.get(run);
  const drain = () => {
    const order: (string | undefined)[] = [];
    while (line.size > 0) order.push(nameOf(line.dequeue()));
    return order;
  };
  return { line, waiting, enqueue, nameOf, drain };
}

describe('AdmissionLine', () => {
  it('lets in first who came first', () => {
    const { enqueue, drain } = rig();
    for (const name of ['a', 'b', 'c']) enqueue(name);
    expect(drain()).toEqual(['a', 'b', 'c']);
  });

  it('goes by priority first, and by arrival within one', () => {
    const { enqueue, drain } = rig();
    enqueue('low', { priority: -1 });
    enqueue('first');
    enqueue('urgent', { priority: 10 });
    enqueue('second');
    enqueue('urgent too', { priority: 10 });
    expect(drain()).toEqual(['urgent', 'urgent too', 'first', 'second', 'low']);
  });

  it('has something to run for p-queue though the place went between its two questions, and keeps who waits', async () => {
    const { line, waiting, enqueue, nameOf } = rig();
    const answers = [true, false];
    enqueue('late', { placeable: () => answers.shift() ?? true });
    expect(line.size).toBe(1);
    const run = line.dequeue();
    expect(nameOf(run)).toBeUndefined();
    await run();
    expect(waiting.length).toBe(1);
    expect(nameOf(line.dequeue())).toBe('late');
  });

  it('passes over those that nobody could take, whatever their priority', () => {
    const { line, waiting, enqueue, nameOf, drain } = rig();
    enqueue('blocked', { priority: 5, placeable: () => false });
    enqueue('free');
    expect(waiting.length).toBe(2);
    expect(line.size).toBe(1);
    expect(drain()).toEqual(['free']);
    expect(waiting.length).toBe(1);
    expect(nameOf(line.dequeue())).toBeUndefined();
    expect(waiting.length).toBe(1);
  });

  it('asks once for all of a lane', () => {
    const { line, enqueue, nameOf } = rig();
    let asked = 0;
    const placeable = () => {
      asked++;
      return false;
    };
    for (let count = 0; count < 100; count++) enqueue(`a${count}`, { lane: 'a', placeable });
    enqueue('b', { lane: 'b' });
    expect(line.size).toBe(1);
    expect(asked).toBe(1);
    expect(nameOf(line.dequeue())).toBe('b');
  });

  it('asks each of those without a lane', () => {
    const { enqueue, drain } = rig();
    enqueue('blocked', { placeable: () => false });
    enqueue('blocked too', { placeable: () => false });
    enqueue('free', { placeable: () => true });
    expect(drain()).toEqual(['free']);
  });

  it('counts as size what can start, and holds all that wait', () => {
    let open = false;
    const { line, waiting, enqueue } = rig();
    enqueue('a', { placeable: () => open });
    expect([line.size, waiting.length]).toEqual([0, 1]);
    open = true;
    expect([line.size, waiting.length]).toEqual([1, 1]);
  });

  it('takes one out by its id, and does not mind an id it does not know', () => {
    const { line, enqueue, drain } = rig();
    for (const name of ['a', 'b', 'c']) enqueue(name);
    line.remove('b');
    line.remove('b');
    line.remove('unheard-of');
    expect(drain()).toEqual(['a', 'c']);
  });

  it('moves one behind those of its new priority', () => {
    const { line, waiting, enqueue, drain } = rig();
    enqueue('a');
    enqueue('b');
    enqueue('c', { priority: 1 });
    line.setPriority('b', 1);
    line.setPriority('unheard-of', 9);
    expect(waiting.length).toBe(3);
    expect(drain()).toEqual(['c', 'b', 'a']);
  });

  it('finds those of a priority', () => {
    const { line, enqueue, nameOf } = rig();
    enqueue('a', { priority: 1 });
    enqueue('b');
    enqueue('c', { priority: 1 });
    expect(line.filter({ priority: 1 }).map(nameOf)).toEqual(['a', 'c']);
  });
});
