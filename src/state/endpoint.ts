import type { LoadSource } from './load-source.js';

/** An endpoint's description with every default filled in. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly basePath: string;
  readonly weight: number;
  readonly tier: number;
  readonly maxOutstanding: number | 'adaptive';
  /** Requested to served name; `undefined` serves every model under its own name. */
  readonly models: ReadonlyMap<string, string> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly quotaGroup: string | undefined;
  /** Path and query of its health check; `undefined` when it has none. */
  readonly healthPath: string | undefined;
  /** ms after joining in which it gets nothing. */
  readonly initialDelay: number;
  /** Gets nothing before it is activated. */
  readonly standby: boolean;
  /** Where its load is read. */
  readonly metrics: readonly LoadSource[];
}
