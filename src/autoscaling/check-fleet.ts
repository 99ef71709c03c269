import type { Clock } from '../core/clock.js';
import type { ScalingDecision, ScalingSituation, TargetState } from '../core/scaling.js';
import type { BalancerSnapshot } from '../core/snapshot.js';
import type { ResolvedAutoscaler } from './autoscaler-options.js';
import { replicasOf, type SeenReplicas, seenReplicas } from './replicas.js';
import { reasonToLeave, verdictOn } from './verdict.js';

/** A balancer, or whatever knows the load: the sum over several processes, say. */
export interface ScalingSource {
  /** The balancer's. */
  snapshot(): BalancerSnapshot | Promise<BalancerSnapshot>;
}

/** What came of one check. */
export type CheckResult =
  | { readonly kind: 'unchanged'; readonly desired: number }
  | { readonly kind: 'scaled'; readonly from: number; readonly to: number; readonly reason: string }
  | { readonly kind: 'held'; readonly desired: number | undefined; readonly reason: string }
  | { readonly kind: 'failed'; readonly step: 'read' | 'decide' | 'scale'; readonly error: Error };

export interface CheckContext {
  readonly source: ScalingSource;
  readonly options: ResolvedAutoscaler;
  /** What was asked for last, for actuators that cannot read. */
  readonly asked: number | undefined;
  /** Ends the check. */
  readonly signal: AbortSignal;
}

/** Reads the fleet, asks the policy, and carries out what it says. Never rejects. */
export async function checkFleet(context: CheckContext): Promise<CheckResult> {
  const { actuator, dryRun } = context.options;
  let step: 'read' | 'decide' | 'scale' = 'read';
  try {
    const read = checked(await inTime(context, (signal) => actuator.read(signal)));
    const balancer = await inTime(context, async () => context.source.snapshot());
    const seen = seenReplicas(balancer.endpoints, context.options.isReplica);
    const target = read ?? unread(context.asked, seen);
    if (balancer.closed) return { kind: 'held', desired: target?.desired, reason: 'the balancer is closed' };
    if (target === undefined)
      return { kind: 'held', desired: undefined, reason: 'the size of the fleet is not known yet' };
    const { desired } = target;
    const leave = reasonToLeave(target, context.options);
    if (leave !== undefined) return { kind: 'held', desired, reason: leave };
    step = 'decide';
    const decision = decide(context, { balancer, seen, target });
    const verdict = verdictOn(decision, { desired, seen }, context.options);
    if (verdict.kind === 'hold') return { kind: 'held', desired, reason: verdict.reason };
    if (verdict.kind === 'stay') return { kind: 'unchanged', desired };
    step = 'scale';
    const { to, reason } = verdict;
    if (!dryRun) await inTime(context, (signal) => actuator.scale(to, signal));
    return { kind: 'scaled', from: desired, to, reason };
  } catch (error) {
    return { kind: 'failed', step, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function decide(
  { options }: CheckContext,
  found: { readonly balancer: BalancerSnapshot; readonly seen: SeenReplicas; readonly target: TargetState },
): ScalingDecision | undefined {
  const { clock, policy } = options;
  const situation: ScalingSituation = {
    now: clock.now(),
    wallTime: clock.wallTime(),
    balancer: found.balancer,
    replicas: replicasOf(found.target, found.seen),
    ...(found.target.pods === undefined ? {} : { pods: found.target.pods }),
  };
  return policy.decide(situation);
}

/** An actuator is often the user's own; a count that is none must not reach a policy. */
function checked(target: TargetState | undefined): TargetState | undefined {
  for (const count of [target?.desired, target?.ready]) {
    if (count !== undefined && !(Number.isInteger(count) && count >= 0))
      throw new TypeError(`The actuator read ${count} replicas`);
  }
  return target;
}

/** The fleet where nobody can read it: as asked for last, else what the balancer sees, unless that is nothing. */
function unread(asked: number | undefined, { ready, warming }: SeenReplicas): TargetState | undefined {
  const desired = asked ?? ready + warming;
  return asked === undefined && desired === 0 ? undefined : { desired };
}

/** Waits no longer than `timeout`, even for what does not heed its signal. */
async function inTime<Value>(
  { options, signal }: CheckContext,
  act: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const end = () => deadline.abort(signal.reason);
  signal.addEventListener('abort', end);
  const timer = startTimer(options.clock, options.timeout, deadline);
  const given = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason));
  });
  try {
    return await Promise.race([act(deadline.signal), given]);
  } finally {
    timer.close();
    signal.removeEventListener('abort', end);
  }
}

function startTimer(clock: Clock, timeout: number, deadline: AbortController) {
  return clock.setTimer(() => deadline.abort(new Error(`No answer within ${timeout} ms`)), timeout);
}
