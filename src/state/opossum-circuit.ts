import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../core/clock.js';

const BUCKETS = 12;
/** One error for all faults: only the fact counts, and a stack each time would cost microseconds. */
const FAULT = new Error('a fault, recorded after the fact');

/** What opossum is told of an attempt that has already failed. The throw makes it judge within the same tick. */
function replayFault(): Promise<void> {
  throw FAULT;
}

interface CircuitOptions {
  readonly failureRatio: number;
  readonly minimumRequests: number;
  readonly window: number;
}

/**
 * An opossum circuit that only counts and judges: results in, `onOpen` out. It is never used around a call,
 * never half-open, and has no timer; when to try again is `OpossumBreaker`'s business.
 */
export class OpossumCircuit {
  readonly #circuit: CircuitBreaker<[], void>;
  readonly #rotation = new EventEmitter();
  readonly #clock: Clock;
  readonly #bucketLength: number;
  #rotatedAt: number;

  /** @param onOpen called synchronously when the ratio opens the circuit, and by `open` */
  constructor(options: CircuitOptions, clock: Clock, onOpen: () => void) {
    this.#clock = clock;
    this.#bucketLength = options.window / BUCKETS;
    this.#rotatedAt = clock.now();
    // A fresh object for each circuit: opossum keeps and changes it.
    this.#circuit = new CircuitBreaker(replayFault, {
      timeout: false,
      enableSnapshots: false,
      rollingPercentilesEnabled: false,
      rollingCountTimeout: options.window,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this.#rotation,
      volumeThreshold: options.minimumRequests,
      // opossum opens above the threshold, we promise to open at it.
      errorThresholdPercentage: options.failureRatio * 100 - 1e-6,
    });
    // Its own listeners arm the reset timer, and keep a latency sample for every success.
    this.#circuit.removeAllListeners('open');
    this.#circuit.removeAllListeners('success');
    this.#circuit.on('open', onOpen);
  }

  /**
   * Counts one finished attempt. Only to be called while the circuit is closed. A fault is fired, so that opossum
   * judges; a success changes nothing but the number of calls, which opossum counts by its own `fire` event.
   */
  record(fault: boolean): void {
    this.#rotate();
    if (fault) this.#circuit.fire().catch(ignore);
    else this.#circuit.emit('fire');
  }

  open(): void {
    this.#circuit.open();
  }

  /** Closes the circuit with an empty window. */
  close(): void {
    this.#circuit.close();
    this.#rotatedAt = this.#clock.now();
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#rotation.emit('rotate');
  }

  dispose(): void {
    this.#circuit.shutdown();
  }

  /** Drops the buckets whose time has passed since the last result. */
  #rotate(): void {
    const passed = Math.floor((this.#clock.now() - this.#rotatedAt) / this.#bucketLength);
    if (passed <= 0) return;
    this.#rotatedAt += passed * this.#bucketLength;
    for (let bucket = Math.min(passed, BUCKETS); bucket > 0; bucket--) this.#rotation.emit('rotate');
  }
}

/** opossum hands our own fault back to whoever fired it. */
function ignore(): void {}
