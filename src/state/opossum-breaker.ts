import type { Breaker, BreakerPass, BreakerState, BreakerVerdict } from '../core/breaker.js';
import type { Clock, Random } from '../core/clock.js';
import type { BreakerOptions } from './breaker-options.js';
import {
  type Closed,
  closed,
  nameOf,
  opened,
  Pass,
  reopening,
  type CircuitState as State,
} from './circuit-state.js';
import { OpossumCircuit } from './opossum-circuit.js';

/** What a breaker needs from the pool around it. */
export interface BreakerEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Asked at every opening: may one more endpoint be open? The asking breaker does not count as open meanwhile.
   * False makes it `suspect`, with the same timing.
   */
  mayOpen(): boolean;
  /** Changes by the clock alone are told at the next read. */
  onStateChange?(from: BreakerState, to: BreakerState): void;
}

/**
 * The fault breaker of one endpoint: opossum counts and judges (see `OpossumCircuit`), this class keeps time.
 *
 * closed: opens after `consecutiveFailures` faults in a row, or at `failureRatio` of at least `minimumRequests`.
 * open: first for `openFor`, then in [openFor x 2^(n-1), openFor x 2^n): 5 s, 5..10 s, 10..20 s, … `maxOpenFor`.
 * half-open: one trial; its success closes, its fault or silence re-opens, `none` gives the place to another.
 *
 * Probes of its health, where there are any, move it between open and half-open only: a health check that answers
 * proves little of the path that requests take.
 */
export class OpossumBreaker implements Breaker {
  readonly #options: BreakerOptions;
  readonly #environment: BreakerEnvironment;
  readonly #circuit: OpossumCircuit;
  #state: State;
  /** Rises with every change of state, so that results of an earlier state are not believed. */
  #generation = 0;
  /** Doublings that the next open time has earned. */
  #step = 0;
  /** Health was good and the trial failed: until a trial succeeds, health is not believed. */
  #misled = false;

  constructor(options: BreakerOptions, environment: BreakerEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#circuit = new OpossumCircuit(options, environment.clock, () => this.#open(environment.clock.now()));
    this.#state = closed(environment.clock.now());
  }

  get state(): BreakerState {
    return nameOf(this.#current());
  }

  get reopensAt(): number | undefined {
    const state = this.#current();
    return state.kind === 'open' ? reopening(state) : undefined;
  }

  get admits(): boolean {
    const state = this.#current();
    return state.kind === 'closed' || (state.kind === 'half-open' && state.trial === undefined);
  }

  /** A pass taken while nothing is admitted (the pool fails open) is good for sending; its results change nothing. */
  enter(): BreakerPass {
    const state = this.#current();
    const trial = state.kind === 'half-open' && state.trial === undefined;
    const pass = new Pass(this.#generation, trial);
    if (trial) {
      const deadline = this.#environment.clock.now() + this.#options.trialTimeout;
      state.trial = { pass, deadline };
    }
    return pass;
  }

  report(pass: BreakerPass, verdict: BreakerVerdict): void {
    if (!(pass instanceof Pass) || pass.verdict !== undefined) return;
    pass.verdict = verdict;
    const state = this.#current();
    if (pass.generation !== this.#generation) return;
    if (state.kind === 'half-open') {
      if (state.trial?.pass !== pass) return;
      if (verdict === 'none') state.trial = undefined;
      else if (verdict === 'fault') this.#open(this.#environment.clock.now());
      else this.#close(verdict === 'success' ? pass : undefined);
    } else if (state.kind === 'closed') {
      if (verdict === 'fault') this.#fault(state, state.streak + 1);
      else if (verdict === 'success') {
        state.lastSuccess = { pass, streak: state.streak };
        state.streak = 0;
        this.#circuit.record(false);
      }
    }
  }

  reportLateFault(pass: BreakerPass): void {
    if (!(pass instanceof Pass) || pass.verdict !== 'success') return;
    pass.verdict = 'fault';
    const state = this.#current();
    if (state.kind !== 'closed') return;
    const revived = state.revivedBy === pass;
    if (!revived && pass.generation !== this.#generation) return;
    // A first token is only a provisional success. Without this an endpoint that sends one token to each
    // request and then hangs would end its own streak with every request.
    const before = state.lastSuccess?.pass === pass ? state.lastSuccess.streak : 0;
    const streak = state.streak + before + 1;
    // A trial that fails after all: two more faults re-open.
    this.#fault(state, revived ? Math.max(streak, this.#options.consecutiveFailures - 2) : streak);
  }

  probePassed(): void {
    const state = this.#current();
    if (state.kind !== 'open') return;
    state.heldUntil = Number.NEGATIVE_INFINITY;
    if (!this.#misled) this.#become({ kind: 'half-open', probed: true, trial: undefined }, nameOf(state));
  }

  holdOpen(time: number): void {
    const state = this.#current();
    if (state.kind === 'open') state.heldUntil = time;
  }

  dispose(): void {
    this.#generation++;
    this.#circuit.dispose();
  }

  #fault(state: Closed, streak: number): void {
    state.streak = streak;
    if (streak >= this.#options.consecutiveFailures) this.#circuit.open();
    else this.#circuit.record(true);
  }

  /** The state after what the clock alone has done to it. */
  #current(): State {
    // Nothing but a fault opens it: the clock need not be read.
    if (this.#state.kind === 'closed') return this.#state;
    const now = this.#environment.clock.now();
    if (this.#state.kind === 'half-open' && this.#state.trial && now >= this.#state.trial.deadline)
      this.#open(this.#state.trial.deadline);
    if (this.#state.kind === 'open' && now >= reopening(this.#state))
      this.#become({ kind: 'half-open', probed: false, trial: undefined }, nameOf(this.#state));
    return this.#state;
  }

  #open(at: number): void {
    const from = nameOf(this.#state);
    if (this.#state.kind === 'closed') this.#forgive(at - this.#state.since);
    if (this.#state.kind === 'half-open' && this.#state.probed) this.#misled = true;
    const until = at + this.#nextOpenTime();
    // Until the pool has answered, whoever looks sees a suspect: this breaker must not count itself.
    this.#state = opened(Number.POSITIVE_INFINITY, true);
    this.#become(opened(until, !this.#environment.mayOpen()), from);
  }

  #close(trial: Pass | undefined): void {
    const from = nameOf(this.#state);
    this.#misled = false;
    this.#circuit.close();
    this.#become(closed(this.#environment.clock.now(), trial), from);
  }

  #become(state: State, from: BreakerState): void {
    this.#state = state;
    this.#generation++;
    this.#environment.onStateChange?.(from, nameOf(state));
  }

  /** Each `window` of closed life takes back one doubling. */
  #forgive(closedFor: number): void {
    this.#step = Math.max(0, this.#step - Math.floor(closedFor / this.#options.window));
  }

  #nextOpenTime(): number {
    const { openFor, maxOpenFor } = this.#options;
    const step = this.#step;
    // No further than the cap needs: else a night's outage would take hours of health to forgive.
    if (openFor * 2 ** step < maxOpenFor) this.#step++;
    if (step === 0) return openFor;
    const fixed = openFor * 2 ** (step - 1);
    return Math.min(maxOpenFor, fixed + this.#environment.random() * fixed);
  }
}
