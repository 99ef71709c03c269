import { Autoscaler } from '../autoscaling/autoscaler.js';
import type { ScalingPolicy } from '../core/scaling.js';
import type { BalancerSnapshot } from '../core/snapshot.js';
import { ScaledFleet, type ScaledFleetTerms } from './fleet/scaled-fleet.js';
import type { FleetChange, FleetSample, ScalingHistory } from './report/autoscaling-report.js';

/** A balancer as far as its load goes. */
interface Observed {
  snapshot(): BalancerSnapshot;
}

/** An autoscaler at work, and what it has done. */
export interface RunningAutoscaler {
  history(): ScalingHistory;
  close(): Promise<void>;
}

/** Lets the real `Autoscaler` drive a simulated fleet by the load of all clients together. */
export function runAutoscaler(terms: ScaledFleetTerms, balancers: readonly Observed[]): RunningAutoscaler {
  const { clock, options } = terms;
  const fleet = new ScaledFleet(terms);
  const samples: FleetSample[] = [];
  const changes: FleetChange[] = [];
  const stays: ScalingPolicy = {
    name: 'fixed',
    decide: ({ replicas }) => ({ replicas: replicas.desired, reason: 'it stays as it is' }),
  };
  const autoscaler = new Autoscaler(
    {
      snapshot: () => {
        const whole = sum(balancers.map((balancer) => balancer.snapshot()));
        const { queued, outstanding } = whole;
        samples.push({ at: clock.now(), desired: fleet.desired, ready: fleet.ready, queued, outstanding });
        return whole;
      },
    },
    {
      policy: options.policy?.() ?? stays,
      actuator: fleet,
      min: options.min,
      max: options.max,
      interval: options.interval,
      clock,
    },
  );
  autoscaler.observe((event) => {
    if (event.type !== 'scaled') return;
    const { from, to, reason } = event;
    changes.push({ at: clock.now(), from, to, reason });
  });
  return {
    history: () => ({ samples, changes, replicaTime: fleet.replicaTime }),
    close: () => autoscaler.close(),
  };
}

/** Several clients as one: each sees its own requests. Endpoints are those of the first. */
function sum(snapshots: readonly BalancerSnapshot[]): BalancerSnapshot {
  const [first, ...others] = snapshots;
  if (first === undefined) throw new RangeError('There is no client');
  const queuedByModel: Record<string, number> = { ...first.queuedByModel };
  for (const { queuedByModel: theirs } of others)
    for (const [model, queued] of Object.entries(theirs))
      queuedByModel[model] = (queuedByModel[model] ?? 0) + queued;
  return {
    ...first,
    queuedByModel,
    queued: snapshots.reduce((total, { queued }) => total + queued, 0),
    outstanding: snapshots.reduce((total, { outstanding }) => total + outstanding, 0),
  };
}
