/**
 * Chooses the most that any of several policies calls for.
 *
 * Queue tiers call for 4, a schedule for 3, `horizontal` on CPU for 6: 6. While one of them has no opinion the
 * others may make the fleet larger and not smaller: what the silent one would have kept is not known.
 *
 * Needs policies that each stand for a reason to have replicas; for a reason to have fewer, set the maximum.
 */
import { withMethods } from '../core/option-checks.js';
import type { ScalingDecision, ScalingPolicy } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';

/**
 * The maximum over policies.
 *
 * @throws InvalidOptionError when there are none
 * @example
 * maxOf(queueDepthTiers(), horizontal({ max: 10, metrics: [outstandingPerReplica(8)] }));
 */
export function maxOf(...policies: readonly ScalingPolicy[]): ScalingPolicy {
  if (policies.length === 0) throw new InvalidOptionError('maxOf', 'must have at least one policy', policies);
  for (const [index, policy] of policies.entries()) {
    if (withMethods(`maxOf[${index}]`, policy, ['decide']) === undefined)
      throw new InvalidOptionError(`maxOf[${index}]`, 'must be a scaling policy', policy);
  }
  return {
    name: `max-of(${policies.map(({ name }) => name).join(', ')})`,
    decide(situation) {
      let most: ScalingDecision | undefined;
      let silent = 0;
      // Every one is asked, whatever the others say: they remember.
      for (const policy of policies) {
        const decision = policy.decide(situation);
        if (decision === undefined || !Number.isFinite(decision.replicas)) silent++;
        else if (most === undefined || decision.replicas > most.replicas) most = decision;
      }
      return silent > 0 && most !== undefined && most.replicas < situation.replicas.desired
        ? undefined
        : most;
    },
  };
}
