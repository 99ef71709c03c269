import type { LoadSignalParser } from '../core/load-report.js';

/** A page on which an engine tells its load. */
export interface LoadSource {
  /** The same for the same page and parser, so that an update of the endpoints keeps what has been read. */
  readonly key: string;
  /** `undefined`: the endpoint's own. */
  readonly origin: string | undefined;
  /** Path and query; `undefined`: there is no page, only headers of answers. */
  readonly path: string | undefined;
  readonly parser: LoadSignalParser;
  /** Longest time between two readings, in ms. */
  readonly interval: number;
}
