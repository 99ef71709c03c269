import type { IncomingHttpHeaders } from 'node:http';
import { systemClock } from '../../system.js';
import type { RequestFault } from './fault.js';

/** How a request ended: answered in full; left early by the client; broken off by the server. */
export type MockOutcome = 'open' | 'completed' | 'aborted' | 'broken';

/** A request as the server saw it. */
export interface MockRequest {
  /** As sent: `GET`, `POST` … */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** With the query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; the text of anything else; `undefined` for none, or before it has come. */
  readonly body: unknown;
  /** The body's bytes as they came. */
  readonly rawBody: Buffer;
  /** The fault it was given. */
  readonly fault: RequestFault | undefined;
  /** What became of its answer. */
  readonly outcome: MockOutcome;
  /** True when the client left before the answer's end. */
  readonly closedEarly: boolean;
  /** Tokens written so far. */
  readonly tokens: number;
}

/** The log's own hold on a record. */
export type RequestEntry = { -readonly [Key in keyof MockRequest]: MockRequest[Key] };

/**
 * Counts of everything but `GET /health` and `GET /metrics`, which only `byPath` knows.
 * At any time `requests = active + completed + aborted + broken`.
 */
export interface MockStats {
  /** How many came. */
  readonly requests: number;
  /** Open now. */
  readonly active: number;
  /** Most open at once. */
  readonly peak: number;
  /** How many were answered to the end. */
  readonly completed: number;
  /** The client left early. */
  readonly aborted: number;
  /** Broken off by the server: a fault, or `kill`. */
  readonly broken: number;
  /** All requests by path, probes included. */
  readonly byPath: Readonly<Record<string, number>>;
  /** Open sockets. */
  readonly connections: number;
}

interface Waiter {
  check(): void;
}

const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Counts requests, keeps the recent ones and wakes those who wait for a count. */
export class RequestLog {
  readonly entries: RequestEntry[] = [];
  readonly #keep: number;
  readonly #byPath: Record<string, number> = {};
  readonly #counts = { requests: 0, active: 0, peak: 0, completed: 0, aborted: 0, broken: 0 };
  readonly #waiters = new Set<Waiter>();
  #keptBytes = 0;
  #connections = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  get stats(): MockStats {
    return { ...this.#counts, byPath: { ...this.#byPath }, connections: this.#connections };
  }

  connections(change: 1 | -1): void {
    this.#connections += change;
    this.#changed();
  }

  /** A request has arrived, its body not yet. Probes are counted by path alone. */
  open(path: string, probe: boolean): void {
    this.#byPath[path] = (this.#byPath[path] ?? 0) + 1;
    if (!probe) {
      this.#counts.requests++;
      this.#counts.active++;
      this.#counts.peak = Math.max(this.#counts.peak, this.#counts.active);
    }
    this.#changed();
  }

  /** Keeps a record; the oldest give way. */
  keep(entry: RequestEntry): void {
    if (this.#keep === 0) return;
    this.entries.push(entry);
    this.#keptBytes += entry.rawBody.length;
    while (this.entries.length > this.#keep || this.#keptBytes > MAX_KEPT_BYTES) {
      this.#keptBytes -= this.entries.shift()?.rawBody.length ?? 0;
    }
  }

  settle(entry: RequestEntry, probe: boolean): void {
    if (!probe && entry.outcome !== 'open') {
      this.#counts.active--;
      this.#counts[entry.outcome]++;
    }
    this.#changed();
  }

  /** Resolves once `predicate` holds. Rejects after `guard` ms, or with what the predicate throws. */
  waitFor(predicate: (stats: MockStats) => boolean, guard: number): Promise<MockStats> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#waiters.delete(waiter);
        timer.close();
        settle();
      };
      const waiter: Waiter = {
        check: () => {
          try {
            const stats = this.stats;
            if (predicate(stats)) end(() => resolve(stats));
          } catch (error) {
            end(() => reject(error));
          }
        },
      };
      // The system's clock also where the server runs on a manual one, on which nothing would ever expire.
      const timer = systemClock.setTimer(() => {
        const message = `waitFor: ${predicate} did not hold within ${guard} ms: ${JSON.stringify(this.stats)}`;
        end(() => reject(new Error(message)));
      }, guard);
      this.#waiters.add(waiter);
      waiter.check();
    });
  }

  #changed(): void {
    for (const waiter of this.#waiters) waiter.check();
  }
}
