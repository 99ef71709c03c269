import type { Timer } from '../../core/clock.js';
import type { VirtualClock } from '../virtual-clock.js';
import { Batch, type ReplicaWork } from './batch.js';
import { Phase } from './phase.js';
import type { ReplicaModel } from './replica-model.js';
import type { Sequence } from './sequence.js';
import type { SimulatedReplica } from './simulated-replica.js';

/**
 * A model server in virtual time: continuous batching, chunked prefill and a prefix cache, as vLLM works. A request
 * waits until there is a slot and room for its whole context; one that comes in the middle of a step takes part in
 * the next.
 */
export class Replica implements SimulatedReplica {
  readonly model: ReplicaModel;
  readonly #clock: VirtualClock;
  readonly work: ReplicaWork = { busy: 0, prefilled: 0, cached: 0, decoded: 0 };
  #batch: Batch;
  #phase: Phase | undefined;
  #timer: Timer | undefined;
  #slowdown = 1;

  constructor(model: ReplicaModel, clock: VirtualClock) {
    this.model = model;
    this.#clock = clock;
    this.#batch = new Batch(model, this.work);
  }

  get waiting(): number {
    return this.#batch.waiting.length;
  }

  get running(): number {
    return this.#batch.prefilling.length + this.#batch.decoding.length;
  }

  get busy(): number {
    return this.work.busy + (this.#phase === undefined ? 0 : this.#clock.now() - this.#phase.start);
  }

  get slowdown(): number {
    return this.#slowdown;
  }

  get kvUsage(): number {
    return this.#batch.cache.usage;
  }

  get pendingPrefill(): number {
    let sum = 0;
    for (const { toPrefill } of this.#batch.waiting) sum += toPrefill;
    for (const { toPrefill } of this.#batch.prefilling) sum += toPrefill;
    return sum;
  }

  get waitingTokens(): number {
    let sum = 0;
    for (const { prompt, output } of this.#batch.waiting) sum += prompt + output;
    return sum;
  }

  get context(): number {
    return this.#batch.context;
  }

  get remaining(): readonly number[] {
    const { waiting, prefilling, decoding } = this.#batch;
    const steps = this.#stepsDone;
    return [...waiting, ...prefilling, ...decoding].map(
      (sequence) => sequence.output - this.#batch.produced(sequence, steps),
    );
  }

  cachedTokens(blocks: readonly number[]): number {
    return this.model.prefixCaching ? this.#batch.cache.match(blocks) : 0;
  }

  /** Tokens a sequence has answered with so far. */
  produced(sequence: Sequence): number {
    return this.#batch.produced(sequence, this.#stepsDone);
  }

  /** Takes a request; it must fit: see `ReplicaModel.kvTokens`. */
  submit(sequence: Sequence): void {
    this.#batch.waiting.push(sequence);
    if (this.#phase === undefined) this.#step();
    else this.#cut();
  }

  /** The caller has left. */
  abort(sequence: Sequence): void {
    sequence.aborted = true;
    const index = this.#batch.waiting.indexOf(sequence);
    if (index === -1) this.#cut();
    else this.#batch.waiting.splice(index, 1);
  }

  /** @param slowdown how many times as long as usual every step takes, from the next one on */
  throttle(slowdown: number): void {
    this.#slowdown = slowdown;
    this.#cut();
  }

  /** The process dies: what it had is lost, its cache too. */
  kill(): void {
    const { waiting, prefilling, decoding } = this.#batch;
    this.#timer?.close();
    this.#phase = undefined;
    this.#batch = new Batch(this.model, this.work);
    for (const { aborted, listener } of [...waiting, ...prefilling, ...decoding])
      if (!aborted) listener.lost();
  }

  /** Decode steps of the present phase that are over. */
  get #stepsDone(): number {
    const phase = this.#phase;
    return phase === undefined || phase.chunks.length > 0 ? 0 : phase.stepsDone(this.#clock.now());
  }

  /** Ends a run of decode steps with the step that is under way, so that what came can take part in the next. */
  #cut(): void {
    if (this.#phase?.cut(this.#clock.now())) this.#await(this.#phase);
  }

  #step(): void {
    const batch = this.#batch;
    batch.admit();
    const chunks = batch.prefilling.length > 0 ? batch.chunks() : [];
    const decoding = batch.decoding.length;
    if (chunks.length === 0 && decoding === 0) return;
    const steps = chunks.length > 0 ? 1 : batch.stepsToNextEnd;
    const { costs } = this.model;
    const terms = { costs, slowdown: this.#slowdown, context: batch.context, decoding, chunks };
    this.#await(new Phase(this.#clock.now(), steps, terms));
  }

  #await(phase: Phase): void {
    this.#timer?.close();
    this.#phase = phase;
    this.#timer = this.#clock.schedule(() => this.#endPhase(phase), phase.end - this.#clock.now());
  }

  #endPhase({ start, steps, chunks }: Phase): void {
    this.#phase = undefined;
    this.work.busy += this.#clock.now() - start;
    const { begun, finished } = this.#batch.advance(steps, chunks);
    this.#step();
    // Told at the end, when the next step is under way: a listener may submit more.
    for (const { aborted, listener } of begun) if (!aborted) listener.firstToken();
    for (const { aborted, listener } of finished) if (!aborted) listener.finished();
  }
}
