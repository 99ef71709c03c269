import { performance } from 'node:perf_hooks';
import type { Clock, Random } from './core/clock.js';
import type { SelectionContext } from './core/policy.js';

/** The only file that touches the clock, timers and randomness. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  // Node's own Timeout has `close`, so no wrapper is allocated.
  setTimer: (callback, delay) => setTimeout(callback, delay),
};

export const systemRandom: Random = () => Math.random();

/** What a policy sees when it is called outside a balancer. */
export const systemSelection: SelectionContext = {
  random: systemRandom,
  now: () => systemClock.now(),
  report: () => {},
};

/** A text that nobody can guess: 122 bits of chance. */
export const systemSecret = (): string => crypto.randomUUID();
