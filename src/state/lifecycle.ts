/** Where an endpoint is between being discovered and being gone. */
export type LifecyclePhase = 'discovered' | 'warming' | 'ready' | 'standby' | 'draining' | 'gone';

/**
 * What keeps a warming endpoint from requests. It is ready when none is left.
 * - `initial-delay`: it has just joined and has an `initialDelay`
 * - `health`: its `healthPath` has not said yes, or says no again (`probe.unhealthyThreshold`)
 * - `models`: its list of models is not known
 * - `sleep`: its engine says that it is asleep
 * - `activation`: the activation hook has not finished
 */
export const LIFECYCLE_GATES = ['initial-delay', 'health', 'models', 'sleep', 'activation'] as const;

export type LifecycleGate = (typeof LIFECYCLE_GATES)[number];

/** The whole state machine; drawn in docs/lifecycle.md. What is not in it cannot happen. */
export const LIFECYCLE: Readonly<Record<LifecyclePhase, readonly LifecyclePhase[]>> = {
  discovered: ['warming', 'ready', 'standby'],
  warming: ['ready', 'standby', 'draining'],
  ready: ['warming', 'standby', 'draining'],
  standby: ['warming', 'ready', 'draining'],
  draining: ['warming', 'ready', 'standby', 'gone'],
  gone: [],
};

/**
 * The life of one endpoint. It keeps four facts, and the phase follows from them, the strongest first: it has left
 * or drains, it is on standby, a gate is shut; else it is ready. So an endpoint that drains while it warms, and is
 * taken back, goes on warming.
 *
 * Faults, overload and slow start are no part of it: they belong to an endpoint that is ready.
 */
export class Lifecycle {
  #phase: LifecyclePhase = 'discovered';
  readonly #shut = new Set<LifecycleGate>();
  #standby: boolean;
  #draining = false;
  #left = false;

  constructor(gates: readonly LifecycleGate[], standby: boolean) {
    for (const gate of gates) this.#shut.add(gate);
    this.#standby = standby;
    this.#follow();
  }

  get phase(): LifecyclePhase {
    return this.#phase;
  }

  isShut(gate: LifecycleGate): boolean {
    return this.#shut.has(gate);
  }

  /** Shuts or opens a gate. */
  hold(gate: LifecycleGate, shut: boolean): void {
    if (shut) this.#shut.add(gate);
    else this.#shut.delete(gate);
    this.#follow();
  }

  /** Puts it on standby, or takes it off. */
  rest(standby: boolean): void {
    this.#standby = standby;
    this.#follow();
  }

  /** Begins to drain, or takes it back. */
  drain(draining: boolean): void {
    this.#draining = draining;
    this.#follow();
  }

  /** It is no longer an endpoint of the balancer. There is no way back: an id that returns is another endpoint. */
  leave(): void {
    this.#left = true;
    this.#follow();
  }

  /** It has left, and its streams have ended. */
  end(): void {
    if (this.#left) this.#go('gone');
  }

  #follow(): void {
    if (this.#phase === 'gone') return;
    if (this.#left || this.#draining) this.#go('draining');
    else if (this.#standby) this.#go('standby');
    else this.#go(this.#shut.size > 0 ? 'warming' : 'ready');
  }

  #go(phase: LifecyclePhase): void {
    if (phase === this.#phase) return;
    if (!LIFECYCLE[this.#phase].includes(phase)) throw new Error(`No way from ${this.#phase} to ${phase}`);
    this.#phase = phase;
  }
}
