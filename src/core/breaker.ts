/** Proof of admission by a breaker. Results are only believed from the pass's own generation. */
export interface BreakerPass {
  readonly generation: number;
  /** True for the single request that a half-open breaker lets through. */
  readonly trial: boolean;
}

export type BreakerState = 'closed' | 'open' | 'half-open' | 'suspect';

export type BreakerVerdict = 'success' | 'fault' | 'overloaded' | 'none';

/** The fault breaker of one endpoint. Time is read lazily: it owns no timer. */
export interface Breaker {
  /** `open` turns into `half-open` by the clock alone. */
  readonly state: BreakerState;
  /** Monotonic time at which an open breaker becomes half-open; `undefined` unless open or suspect. */
  readonly reopensAt: number | undefined;
  /** True when a request may pass now: closed, or half-open with its trial free. */
  readonly admits: boolean;
  /** Synchronously takes a pass. A half-open breaker marks its trial as taken. */
  enter(): BreakerPass;
  /**
   * Reports how the attempt ended. Repeated or stale reports are ignored.
   * `none` gives a trial back; `overloaded` proves life, so it closes a half-open breaker.
   */
  report(pass: BreakerPass, verdict: BreakerVerdict): void;
  /** A stream that failed after its pass had been reported as a success: one ordinary fault. */
  reportLateFault(pass: BreakerPass): void;
  dispose(): void;
}
