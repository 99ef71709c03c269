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
  /**
   * Health was asked and is good: an open breaker becomes half-open before its time, never closed. Once the trial
   * that this led to has failed, good health is no longer believed, and the open time counts, until a trial succeeds.
   */
  probePassed(): void;
  /** Health is being asked, or was bad: an open breaker stays so until `time` (monotonic), if not longer anyway. */
  holdOpen(time: number): void;
  dispose(): void;
}
