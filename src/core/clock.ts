/** A timer that has been set. `close` is idempotent; a closed timer never fires. */
export interface Timer {
  /** Stops it; it will not fire. A second time is harmless. */
  close(): void;
  /** Lets the process end although the timer is set. Absent where no process waits for it. */
  unref?(): unknown;
}

/**
 * Time as the library sees it. Everything that waits or measures takes a `Clock`,
 * so that tests and the simulator run the shipped code in virtual time.
 */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin. */
  now(): number;
  /** Milliseconds since the Unix epoch. Only for dates in HTTP headers. */
  wallTime(): number;
  /** Calls `callback` once, `delay` milliseconds from now. */
  setTimer(callback: () => void, delay: number): Timer;
}

/** A uniform number in [0, 1). */
export type Random = () => number;
