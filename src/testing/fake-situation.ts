import type { ScalingPod, ScalingSituation } from '../core/scaling.js';
import type { EndpointSnapshot } from '../core/snapshot.js';

/** What of a scaling situation a test wants to say; the rest has defaults. */
export interface FakeSituation {
  /** Milliseconds. Default 0. */
  readonly now?: number;
  /** Milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z plus `now`. */
  readonly wallTime?: number;
  /** Default 0. */
  readonly queued?: number;
  /** Default 0. */
  readonly outstanding?: number;
  /** Default 1. */
  readonly desired?: number;
  /** Default: all of them. */
  readonly ready?: number;
  /** Default: those that are not ready. */
  readonly starting?: number;
  /** Default: none. */
  readonly endpoints?: readonly EndpointSnapshot[];
  /** None by default. */
  readonly pods?: readonly ScalingPod[];
}

/** For tests of scaling policies: an idle fleet of one replica, and what differs. */
export function fakeSituation(fields: FakeSituation = {}): ScalingSituation {
  const { now = 0, queued = 0, outstanding = 0, desired = 1, ready = desired, endpoints = [], pods } = fields;
  return {
    now,
    wallTime: fields.wallTime ?? Date.UTC(2026, 0, 1) + now,
    balancer: {
      queued,
      queuedByModel: {},
      outstanding,
      available: endpoints.filter(({ available }) => available).length,
      closed: false,
      endpoints,
    },
    replicas: { desired, ready, starting: fields.starting ?? Math.max(0, desired - ready) },
    ...(pods === undefined ? {} : { pods }),
  };
}
