import PQueue from 'p-queue';
import type { Clock, Timer } from '../core/clock.js';
import { AdmissionLine, type LineOptions, type Waiting } from './admission-line.js';

/** Option `admission`: how many requests may wait for a place, and how long. */
export interface AdmissionOptions {
  /** Most requests waiting; one more is shed. 0 switches queueing off. Default 1000. */
  readonly maxQueued: number;
  /** Longest wait in ms before a request is shed. Default 30 s. */
  readonly maxWait: number;
}

/** Why a waiting request was not admitted. */
export type AdmissionRefusal = 'queue-full' | 'max-wait' | 'closed';

/** A request that has to wait. */
export interface Applicant<Place> {
  readonly model: string | undefined;
  readonly priority: number;
  /** Requests of one lane are placeable alike. */
  readonly lane: string;
  /** True when an endpoint could take the request now. */
  placeable(): boolean;
  /** Chooses an endpoint and acquires it, in the tick in which a place became free. */
  place(): Place;
}

/**
 * Where requests wait for room. p-queue keeps the line; requests that find room at once never come here.
 * The endpoint is chosen when a place is free and not before.
 */
export class Admission<Place> {
  readonly #options: AdmissionOptions;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  readonly #queue: PQueue<AdmissionLine, LineOptions>;
  readonly #refusals = new Set<(refusal: AdmissionRefusal) => void>();
  readonly #byModel = new Map<string, number>();
  #alarm: Timer | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  #ids = 0;

  constructor(options: AdmissionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const waiting = this.#waiting;
    this.#queue = new PQueue<AdmissionLine, LineOptions>({
      // p-queue makes its queue itself; this one has a list that we can see.
      queueClass: class extends AdmissionLine {
        constructor() {
          super(waiting);
        }
      },
    });
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** One more would be shed. */
  get full(): boolean {
    return this.#waiting.length >= this.#options.maxQueued;
  }

  get queuedByModel(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byModel);
  }

  /**
   * Waits for a place.
   * @param cancelled is handed a function that takes the applicant out of the line
   * @returns the place, or why there is none; `undefined` when cancelled
   */
  async wait(
    applicant: Applicant<Place>,
    cancelled: (leave: () => void) => void,
  ): Promise<{ place: Place } | { refusal: AdmissionRefusal } | undefined> {
    if (this.full) return { refusal: 'queue-full' };
    const leaving = new AbortController();
    let refusal: AdmissionRefusal | undefined;
    const refuse = (why: AdmissionRefusal) => {
      refusal = why;
      leaving.abort();
    };
    this.#refusals.add(refuse);
    this.#count(applicant.model, 1);
    const timer = Number.isFinite(this.#options.maxWait)
      ? this.#clock.setTimer(() => refuse('max-wait'), this.#options.maxWait)
      : undefined;
    cancelled(() => leaving.abort());
    let place: { place: Place } | undefined;
    try {
      await this.#queue.add(
        async () => {
          place = { place: applicant.place() };
        },
        {
          id: String(this.#ids++),
          priority: applicant.priority,
          signal: leaving.signal,
          placeable: () => applicant.placeable(),
          lane: applicant.lane,
        },
      );
    } catch (error) {
      if (place === undefined && !leaving.signal.aborted) throw error;
    } finally {
      timer?.close();
      this.#refusals.delete(refuse);
      this.#count(applicant.model, -1);
      if (this.#waiting.length === 0) this.#silence();
    }
    // A place that was granted in the same tick as a refusal is kept: it is already counted.
    return place ?? (refusal === undefined ? undefined : { refusal });
  }

  /** A place may have become free: lets in whoever can be placed. */
  wake(): void {
    // Setting the concurrency is p-queue's documented way to look at the line again.
    if (this.#waiting.length > 0) this.#queue.concurrency = Number.POSITIVE_INFINITY;
  }

  /**
   * Looks again in `delay` ms: some endpoint will have cooled off by then. The soonest call counts.
   * @param woken called after that look, for those who could not be let in
   */
  wakeIn(delay: number, woken: () => void): void {
    const at = this.#clock.now() + delay;
    if (at >= this.#alarmAt) return;
    this.#alarm?.close();
    this.#alarmAt = at;
    this.#alarm = this.#clock.setTimer(() => {
      this.#silence();
      this.wake();
      woken();
    }, Math.ceil(delay));
  }

  /** Sends everybody away. */
  close(): void {
    for (const refuse of [...this.#refusals]) refuse('closed');
    this.#silence();
  }

  #silence(): void {
    this.#alarm?.close();
    this.#alarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
  }

  #count(model = '', change: 1 | -1): void {
    const count = (this.#byModel.get(model) ?? 0) + change;
    if (count === 0) this.#byModel.delete(model);
    else this.#byModel.set(model, count);
  }
}
