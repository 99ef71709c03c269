import type { Clock, Timer } from '../../core/clock.js';
import { InvalidOptionError } from '../../errors.js';

/**
 * Continuous batching at the grain of one engine step. Up to `slots` sequences run; the others wait,
 * first come first served. A step lasts
 *
 *     stepTime + stepTimePerSequence × decoding   (when any sequence decodes)
 *   + prefilled tokens / prefillRate              (at most `prefillChunk` tokens in a step)
 *
 * and gives one token to every decoding sequence, and the first token to those whose prefill it finished.
 * At stepTime 10, stepTimePerSequence 1 and 4 sequences a token takes 14 ms; with 20 sequences, 30 ms.
 */
export interface MockServiceOptions {
  /** Sequences that run together. Default unlimited. */
  readonly slots?: number;
  /** Requests that may wait for a slot; beyond it `fullStatus` is answered. Default unlimited. */
  readonly maxWaiting?: number;
  /** Default 429. */
  readonly fullStatus?: number;
  /** Prompt tokens per second. Default: no time at all. */
  readonly prefillRate?: number;
  /** Most prompt tokens in one step. Default 512. */
  readonly prefillChunk?: number;
  /** Milliseconds. Default 0. */
  readonly stepTime?: number;
  /** Milliseconds added to a step by each decoding sequence. Default 0. */
  readonly stepTimePerSequence?: number;
  /** Real milliseconds for one of the model's. Default 1; 0.1 runs ten times as fast. */
  readonly timeScale?: number;
  /** Size of the KV cache in tokens; only for the usage in `/metrics`. Default 65 536. */
  readonly kvCacheTokens?: number;
}

export type ServiceSettings = Required<MockServiceOptions>;

export function serviceSettings(options: MockServiceOptions): ServiceSettings {
  const settings: ServiceSettings = {
    slots: Number.POSITIVE_INFINITY,
    maxWaiting: Number.POSITIVE_INFINITY,
    fullStatus: 429,
    prefillRate: Number.POSITIVE_INFINITY,
    prefillChunk: 512,
    stepTime: 0,
    stepTimePerSequence: 0,
    timeScale: 1,
    kvCacheTokens: 65_536,
    ...options,
  };
  const least = {
    slots: 1,
    maxWaiting: 0,
    prefillChunk: 1,
    stepTime: 0,
    stepTimePerSequence: 0,
    timeScale: 0,
  };
  for (const [name, minimum] of Object.entries(least)) {
    const value = settings[name as keyof typeof least];
    if (!(value >= minimum))
      throw new InvalidOptionError(`service.${name}`, `must be at least ${minimum}`, value);
  }
  for (const name of ['prefillRate', 'kvCacheTokens'] as const) {
    if (!(settings[name] > 0))
      throw new InvalidOptionError(`service.${name}`, 'must be above 0', settings[name]);
  }
  return settings;
}

/** What a sequence is to do. */
export interface Work {
  readonly promptTokens: number;
  /** Steps with a result, at least 1. */
  readonly steps: number;
  /** Takes the result of step `index`, from 0. */
  emit(index: number): StepResult;
}

/** Whether a step counts, and whether the sequence rests after it until `resume`. At rest it keeps its slot. */
export type StepResult = 'advance' | 'advance-and-pause' | 'pause';

/** A piece of work that was taken in. */
export interface Sequence {
  readonly work: Work;
  prefillLeft: number;
  emitted: number;
  paused: boolean;
}

/** Runs sequences through one timer. */
export class ServiceModel {
  readonly settings: ServiceSettings;
  /** True when an answer as a whole takes no time, so that one that does not stream needs no steps. */
  readonly instant: boolean;
  readonly #clock: Clock;
  readonly #waiting = new Set<Sequence>();
  readonly #running = new Set<Sequence>();
  #timer: Timer | undefined;

  constructor(settings: ServiceSettings, clock: Clock) {
    const { slots, prefillRate, stepTime, stepTimePerSequence } = settings;
    this.settings = settings;
    this.instant =
      !Number.isFinite(slots) && !Number.isFinite(prefillRate) && stepTime === 0 && stepTimePerSequence === 0;
    this.#clock = clock;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Tokens held by running sequences. */
  get cachedTokens(): number {
    let tokens = 0;
    for (const { work, prefillLeft, emitted } of this.#running)
      tokens += work.promptTokens - prefillLeft + emitted;
    return tokens;
  }

  /** `undefined` when every slot is taken and the queue is full. Never emits before it returns. */
  submit(work: Work): Sequence | undefined {
    const { slots, maxWaiting } = this.settings;
    const sequence: Sequence = { work, prefillLeft: work.promptTokens, emitted: 0, paused: false };
    if (this.#running.size < slots) this.#running.add(sequence);
    else if (this.#waiting.size < maxWaiting) this.#waiting.add(sequence);
    else return undefined;
    this.#wake();
    return sequence;
  }

  /** Frees its slot. A sequence that has ended is ignored. */
  remove(sequence: Sequence): void {
    this.#waiting.delete(sequence);
    if (this.#running.delete(sequence)) this.#admit();
    this.#wake();
  }

  /** Ends a pause. */
  resume(sequence: Sequence): void {
    sequence.paused = false;
    this.#wake();
  }

  /** Forgets everything. */
  reset(): void {
    this.#waiting.clear();
    this.#running.clear();
    this.#timer?.close();
    this.#timer = undefined;
  }

  #admit(): void {
    for (const sequence of this.#waiting) {
      if (this.#running.size >= this.settings.slots) return;
      this.#waiting.delete(sequence);
      this.#running.add(sequence);
    }
  }

  #wake(): void {
    if (this.#timer === undefined) this.#startStep(this.#clock.now());
  }

  /** @param from when the step began: the end of the one before it, so that late timers do not add up */
  #startStep(from: number): void {
    const { prefillRate, prefillChunk, stepTime, stepTimePerSequence, timeScale } = this.settings;
    const batch: Sequence[] = [];
    let decoding = 0;
    let prefilled = 0;
    let room = Number.isFinite(prefillRate) ? prefillChunk : Number.POSITIVE_INFINITY;
    for (const sequence of this.#running) {
      if (sequence.prefillLeft > 0) {
        const tokens = Math.min(sequence.prefillLeft, room);
        sequence.prefillLeft -= tokens;
        room -= tokens;
        prefilled += tokens;
        if (sequence.prefillLeft === 0) batch.push(sequence);
      } else if (!sequence.paused) {
        batch.push(sequence);
        decoding++;
      }
    }
    if (batch.length === 0 && prefilled === 0) return;
    const decode = decoding > 0 ? stepTime + stepTimePerSequence * decoding : 0;
    const due = from + (decode + (prefilled / prefillRate) * 1000) * timeScale;
    const finish = () => this.#finishStep(batch, due);
    const delay = due - this.#clock.now();
    // A step without length is a macrotask, not a millisecond of the timer's resolution.
    this.#timer = delay > 0 ? this.#clock.setTimer(finish, delay) : nextTurn(finish);
  }

  #finishStep(batch: readonly Sequence[], due: number): void {
    for (const sequence of batch) {
      if (!this.#running.has(sequence)) continue;
      // Paused beforehand: `emit` itself may resume.
      sequence.paused = true;
      const result = sequence.work.emit(sequence.emitted);
      if (result !== 'pause') sequence.emitted++;
      if (result === 'advance') sequence.paused = false;
      if (sequence.emitted >= sequence.work.steps) this.#running.delete(sequence);
    }
    this.#admit();
    this.#timer = undefined;
    this.#startStep(due);
  }
}

function nextTurn(callback: () => void): Timer {
  const immediate = setImmediate(callback);
  return { close: () => clearImmediate(immediate) };
}
