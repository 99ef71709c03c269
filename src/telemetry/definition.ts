import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { DesiredReplicas } from '../core/scaling.js';
import type { Tally } from './tally.js';

export type Row = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The series of one metric as they stand now. */
export type Series = (
  tally: Tally,
  balancer: LoadBalancer,
  autoscaler: DesiredReplicas | undefined,
) => Iterable<Row>;

export interface Definition {
  readonly help: string;
  readonly labels: readonly string[];
  /** Called at a scrape. */
  readonly read: Series;
}
