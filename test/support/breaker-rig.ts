import type { BreakerState, BreakerVerdict } from '../../src/core/breaker.js';
import type { Random } from '../../src/core/clock.js';
import { type BreakerOptions, resolveBreakerOptions } from '../../src/state/breaker-options.js';
import { OpossumBreaker } from '../../src/state/opossum-breaker.js';
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js';

interface RigOptions extends Partial<BreakerOptions> {
  readonly random?: Random;
  readonly clock?: ManualClock;
  readonly mayOpen?: () => boolean;
}

/** A breaker in virtual time. `random` is 0.5 unless given, so that second open times are 1.5 x `openFor`. */
export function breakerRig({
  random = () => 0.5,
  clock = manualClock(),
  mayOpen = () => true,
  ...options
}: RigOptions = {}) {
  const changes: string[] = [];
  const breaker = new OpossumBreaker(resolveBreakerOptions(options), {
    clock,
    random,
    mayOpen,
    onStateChange: (from: BreakerState, to: BreakerState) => changes.push(`${from} → ${to}`),
  });
  /** Whole attempts, one after another. */
  const run = (verdict: BreakerVerdict, times = 1): void => {
    for (let time = 0; time < times; time++) breaker.report(breaker.enter(), verdict);
  };
  /** How long the breaker stays open from now on; leaves it half-open. */
  const openTime = (): number => {
    const wait = (breaker.reopensAt ?? Number.NaN) - clock.now();
    clock.advance(wait);
    return wait;
  };
  return { breaker, clock, changes, run, openTime };
}
