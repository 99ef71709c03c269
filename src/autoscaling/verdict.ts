import type { ScalingDecision, TargetState } from '../core/scaling.js';
import type { SeenReplicas } from './replicas.js';

/** What is to be done: set the fleet, leave it, or leave it although something speaks for a change. */
export type Verdict =
  | { readonly kind: 'scale'; readonly to: number; readonly reason: string }
  | { readonly kind: 'stay' }
  | { readonly kind: 'hold'; readonly reason: string };

interface Limits {
  readonly min: number;
  readonly max: number;
  readonly dryRun: boolean;
}

/** Why the target is not to be touched at all; `undefined` when it may be. */
export function reasonToLeave({ desired, owner }: TargetState, limits: Limits): string | undefined {
  // A dry run beside the one that scales shows what would be different.
  if (owner !== undefined && !limits.dryRun) return `${owner} scales it`;
  // As the HPA has it: 0 replicas is how people switch a service off.
  return desired === 0 && limits.min > 0 ? 'it is switched off: set to 0 replicas' : undefined;
}

/** A decision within the limits. Without figures to be trusted the fleet may grow and does not shrink. */
export function verdictOn(
  decision: ScalingDecision | undefined,
  { desired, seen }: { readonly desired: number; readonly seen: SeenReplicas },
  { min, max }: Limits,
): Verdict {
  if (decision === undefined || !Number.isFinite(decision.replicas)) {
    return desired < min
      ? { kind: 'scale', to: min, reason: `${desired} is below the minimum` }
      : { kind: 'hold', reason: 'the policy has no figures to decide on' };
  }
  const to = Math.min(Math.max(Math.ceil(decision.replicas), min), max);
  if (to === desired) return { kind: 'stay' };
  // With no endpoint to send to, requests are refused and nothing waits: an empty queue is no calm then.
  if (to < desired && seen.available === 0)
    return {
      kind: 'hold',
      reason: `no endpoint is available, so ${to} replicas cannot be told to be enough`,
    };
  const limited = to === decision.replicas ? '' : ` (limits: ${min} to ${max})`;
  return { kind: 'scale', to, reason: `${decision.reason}${limited}` };
}
