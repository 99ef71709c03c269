/**
 * Holds another policy's changes back until they have been called for long enough: up fast, down slow.
 *
 * The fleet grows to the least, and shrinks to the most, of what was called for during the window of that direction.
 * With the defaults, `up` 0 and `down` 300 s: called for 8, the fleet grows to 8 at once; when 2 are called for from
 * then on, it stays at 8 until 300 s have passed without anything higher, and goes to 2.
 *
 * Needs to be asked regularly. While the policy has no opinion neither has this; when it has one again, and when
 * nobody asked for a whole window, what the fleet is set to counts as called for: silence is no calm.
 * Not around `horizontal`, whose `behavior` does the same.
 */
import { numberOption, optionFields, withMethods } from '../core/option-checks.js';
import type { ScalingDecision, ScalingPolicy, ScalingSituation } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import { Recommendations } from './memory/recommendations.js';

/** Options of `stabilized`. */
export interface StabilizedOptions {
  /** How long more replicas must be called for, in ms. At least 0, default 0. */
  readonly up?: number;
  /** How long fewer must be called for, in ms. At least 0, default 300 000. */
  readonly down?: number;
}

/**
 * Another policy, with a window for each direction.
 *
 * @throws InvalidOptionError
 * @example
 * stabilized(queueDepthTiers(), { down: 600_000 });
 */
export function stabilized(policy: ScalingPolicy, options?: StabilizedOptions): ScalingPolicy {
  if (withMethods('stabilized.policy', policy, ['decide']) === undefined)
    throw new InvalidOptionError('stabilized.policy', 'must be given', policy);
  const fields = optionFields('stabilized', options, ['up', 'down']);
  const up = numberOption('stabilized.up', fields.up, 0, { min: 0 });
  const down = numberOption('stabilized.down', fields.down, 300_000, { min: 0 });
  return new Stabilized(policy, up, down);
}

class Stabilized implements ScalingPolicy {
  readonly name: string;
  readonly #policy: ScalingPolicy;
  readonly #up: number;
  readonly #down: number;
  readonly #called: Recommendations;
  /** When the policy last had an opinion; -Infinity after it had none. */
  #heard = Number.NEGATIVE_INFINITY;
  #now = Number.NEGATIVE_INFINITY;

  constructor(policy: ScalingPolicy, up: number, down: number) {
    this.name = `stabilized(${policy.name})`;
    this.#policy = policy;
    this.#up = up;
    this.#down = down;
    this.#called = new Recommendations(Math.max(up, down));
  }

  decide(situation: ScalingSituation): ScalingDecision | undefined {
    // A clock that jumps back stands still here.
    const now = Math.max(this.#now, Number.isFinite(situation.now) ? situation.now : this.#now);
    this.#now = now;
    const called = this.#policy.decide(situation);
    if (called === undefined || !Number.isFinite(called.replicas)) {
      this.#heard = Number.NEGATIVE_INFINITY;
      return undefined;
    }
    const current = situation.replicas.desired;
    if (!(now - this.#heard <= Math.max(this.#up, this.#down))) this.#called.add(current, now);
    this.#heard = now;
    const replicas = this.#called.stabilize(current, called.replicas, {
      now,
      up: this.#up,
      down: this.#down,
    });
    this.#called.add(called.replicas, now);
    if (replicas === called.replicas) return called;
    return { replicas, reason: `${called.reason}; held at ${replicas} for the calls of the last minutes` };
  }
}
