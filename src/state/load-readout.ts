import type { Clock } from '../core/clock.js';
import type { LoadReadings, LoadReport } from '../core/load-report.js';

interface Source {
  readonly report: LoadReport;
  /** From then on the readings are too old to be shown. */
  readonly expiresAt: number;
}

/** What an endpoint's engine said last, from one source or several, as long as it is fresh. */
export class LoadReadout {
  readonly #clock: Clock;
  readonly #sources = new Map<unknown, Source>();
  #merged: LoadReport | undefined;
  /** What was read before is not of this engine as it is now. */
  #since = Number.NEGATIVE_INFINITY;
  /** When the first of the sources expires. */
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Readings of several sources in one; where two give the same, the one that was added last. */
  get fresh(): LoadReport | undefined {
    if (this.#merged !== undefined && this.#clock.now() >= this.#expiresAt) this.#merge();
    return this.#merged;
  }

  /** @param source whatever tells one source from another */
  observe(source: unknown, report: LoadReport, freshFor: number): void {
    if (report.observedAt < this.#since) return;
    this.#sources.set(source, { report, expiresAt: report.observedAt + freshFor });
    this.#merge();
  }

  /**
   * Readings that came with an answer. They replace those of the page until it is read again, and do not make the
   * rest of it any younger.
   */
  amend(source: unknown, readings: LoadReadings, own: { outstanding: number; freshFor: number }): void {
    const now = this.#clock.now();
    const there = this.#sources.get(source);
    if (there !== undefined && now < there.expiresAt) {
      this.#sources.set(source, { ...there, report: { ...there.report, ...readings } });
      this.#merge();
    } else {
      this.observe(source, { ...readings, observedAt: now, ownOutstanding: own.outstanding }, own.freshFor);
    }
  }

  forget(source: unknown): void {
    if (this.#sources.delete(source)) this.#merge();
  }

  /** The engine has just been woken, say: what was read before counts no more, nor what is being read now. */
  renew(): void {
    this.#since = this.#clock.now();
    this.#sources.clear();
    this.#merge();
  }

  #merge(): void {
    const now = this.#clock.now();
    let expiresAt = Number.POSITIVE_INFINITY;
    let merged: LoadReport | undefined;
    for (const [source, one] of this.#sources) {
      if (now >= one.expiresAt) {
        this.#sources.delete(source);
        continue;
      }
      expiresAt = Math.min(expiresAt, one.expiresAt);
      merged = merged === undefined ? one.report : join(merged, one.report);
    }
    this.#merged = merged;
    this.#expiresAt = expiresAt;
  }
}

/** As old as the older of the two, so that nobody takes any reading for fresher than it is. */
function join(one: LoadReport, other: LoadReport): LoadReport {
  const { observedAt, ownOutstanding } = one.observedAt < other.observedAt ? one : other;
  return { ...one, ...other, observedAt, ownOutstanding };
}
