import type { Clock, Timer } from '../core/clock.js';

/** 2026-01-01T00:00:00Z, so that dates made in a simulation are readable and never differ. */
export const EPOCH = 1_767_225_600_000;

class Event implements Timer {
  readonly due: number;
  readonly order: number;
  callback: (() => void) | undefined;

  constructor(due: number, order: number, callback: () => void) {
    this.due = due;
    this.order = order;
    this.callback = callback;
  }

  close(): void {
    this.callback = undefined;
  }
}

/**
 * Time that passes only from event to event: a binary heap of timers, due together in the order in which they were
 * set. Promise callbacks run before time moves on, but only after events that may have caused some: waiting for
 * them costs a turn of the event loop.
 */
export class VirtualClock implements Clock {
  readonly #heap: Event[] = [];
  readonly #epoch: number;
  #now = 0;
  #order = 0;
  #stirred = false;

  /** @param epoch the wall time at 0 */
  constructor(epoch = EPOCH) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#epoch + this.#now;
  }

  /** Its callback may settle promises. */
  setTimer(callback: () => void, delay: number): Timer {
    return this.schedule(() => {
      this.#stirred = true;
      callback();
    }, delay);
  }

  /** As `setTimer`, for a callback that calls `stir` itself when it may have settled promises. */
  schedule(callback: () => void, delay: number): Timer {
    const event = new Event(this.#now + Math.max(0, delay || 0), this.#order++, callback);
    this.#push(event);
    return event;
  }

  /** Promise callbacks may be waiting: they run before the next event. */
  stir(): void {
    this.#stirred = true;
  }

  /** Runs events one after the other until `done` says so after one of them, or none is left. */
  async run(done: () => boolean): Promise<void> {
    await turn();
    while (!done()) {
      const event = this.#pop();
      if (event === undefined) return;
      if (event.callback === undefined) continue;
      this.#now = event.due;
      event.callback();
      if (!this.#stirred) continue;
      this.#stirred = false;
      await turn();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (below === undefined) break;
      if (right !== undefined && before(right, below)) {
        below = right;
        child++;
      }
      if (!before(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(one: Event, other: Event): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}

/** A turn of the event loop: every promise callback that could run has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
