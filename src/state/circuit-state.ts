import type { BreakerPass, BreakerState, BreakerVerdict } from '../core/breaker.js';

/** The pass that `OpossumBreaker` hands out. */
export class Pass implements BreakerPass {
  /** `undefined` until reported, so that a second report can be told from the first. */
  verdict: BreakerVerdict | undefined;

  constructor(
    readonly generation: number,
    readonly trial: boolean,
  ) {}
}

export interface Closed {
  readonly kind: 'closed';
  readonly since: number;
  /** Faults in a row. */
  streak: number;
  /** The latest success and the streak that it ended: a late fault puts that streak back. */
  lastSuccess: { readonly pass: Pass; readonly streak: number } | undefined;
  /** The trial that closed the breaker. */
  readonly revivedBy: Pass | undefined;
}

/** What a breaker keeps in each of its states. */
export type CircuitState =
  | Closed
  | Open
  | { readonly kind: 'half-open'; readonly probed: boolean; trial: Trial | undefined };

interface Open {
  readonly kind: 'open';
  readonly until: number;
  /** Not half-open before this either: health is still to be asked. */
  heldUntil: number;
  readonly suspect: boolean;
}

interface Trial {
  readonly pass: Pass;
  readonly deadline: number;
}

/** Closed, with no fault on record. */
export function closed(since: number, revivedBy?: Pass): Closed {
  return { kind: 'closed', since, streak: 0, lastSuccess: undefined, revivedBy };
}

export function opened(until: number, suspect: boolean): Open {
  return { kind: 'open', until, heldUntil: Number.NEGATIVE_INFINITY, suspect };
}

/** Monotonic time at which it becomes half-open. */
export function reopening({ until, heldUntil }: Open): number {
  return Math.max(until, heldUntil);
}

/** Its name to the outside, where a suspect is not open. */
export function nameOf(state: CircuitState): BreakerState {
  return state.kind === 'open' && state.suspect ? 'suspect' : state.kind;
}
