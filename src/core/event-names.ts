import type { BalancerEvent } from './events.js';

type EventName = BalancerEvent['type'];

/** A record, so that none can be forgotten. */
const ALL: Readonly<Record<EventName, true>> = {
  'request-started': true,
  'request-queued': true,
  'request-dequeued': true,
  'request-shed': true,
  'attempt-started': true,
  'first-token': true,
  'attempt-settled': true,
  retry: true,
  'retry-denied': true,
  hedge: true,
  'hedge-settled': true,
  'stream-resumed': true,
  'request-finished': true,
  'request-record': true,
  'endpoint-state': true,
  'endpoint-added': true,
  'endpoint-removed': true,
  'endpoint-models': true,
  'endpoint-activated': true,
  'endpoint-rested': true,
  'activation-failed': true,
  'discovery-updated': true,
  'discovery-failed': true,
  'endpoint-probed': true,
  'load-observed': true,
  'load-failed': true,
  'endpoint-misconfigured': true,
  'ejection-overflow': true,
  'caller-retries': true,
  'policy-failed': true,
  'scorer-failed': true,
};

/** What a balancer tells of, by name. */
export const EVENT_NAMES = Object.keys(ALL) as readonly EventName[];
