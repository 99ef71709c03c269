import { RetryBudget } from '../../retries/retry-budget.js';
import { Admission } from '../../state/admission.js';
import type { EndpointSet } from '../../state/endpoint-set.js';
import type { Lease } from '../../state/lease.js';
import type { ResolvedOptions } from '../options.js';
import { Engine } from './engine.js';
import type { Observers } from './observers.js';

/** What the requests of one balancer share, with a queue and a retry budget of their own. */
export function createEngine(options: ResolvedOptions, endpoints: EndpointSet, observers: Observers): Engine {
  const { clock, retry } = options;
  const admission = new Admission<Lease | undefined>(options.admission, clock);
  const budget = retry === undefined ? undefined : new RetryBudget(retry.budget, clock);
  return new Engine(options, endpoints, admission, budget, observers);
}
