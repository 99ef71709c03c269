import { channel } from 'node:diagnostics_channel';
import type { Clock } from '../../core/clock.js';
import type { SelectionDecision } from '../../core/decision.js';
import type { BalancerEvent, BalancerHandlers } from '../../core/events.js';
import type { InferenceRequest } from '../../core/inference-request.js';
import type { AttemptRecord } from '../../core/request-record.js';
import type { Observers } from './observers.js';

/** A request that is being recorded. */
interface OpenRecord {
  readonly startedAt: number;
  queued: number;
  readonly decisions: SelectionDecision[];
  /** By their number. */
  readonly begunAfter: number[];
  readonly attempts: AttemptRecord[];
}

type RecordListener = (event: BalancerEvent & { type: 'request-record' }) => void;

/** Puts together what is told of a request, for those who ask; while nobody does, nothing is kept. */
export class RequestRecords {
  readonly #observers: Observers;
  readonly #clock: Clock;
  readonly #channel = channel('evenkeel:request-record');
  readonly #open = new WeakMap<InferenceRequest, OpenRecord>();
  #listeners: readonly RecordListener[] = [];
  #stop: (() => void) | undefined;

  constructor(observers: Observers, clock: Clock) {
    this.#observers = observers;
    this.#clock = clock;
  }

  /** @returns stops it */
  listen(listener: RecordListener): () => void {
    const own: RecordListener = (event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== own);
    };
  }

  /** A request is about to begin: somebody may have come or gone, and a channel does not tell. */
  review(): void {
    if (this.#listeners.length > 0 || this.#channel.hasSubscribers) {
      this.#stop ??= this.#observers.addLast(this.#handlers());
    } else if (this.#stop !== undefined) {
      this.#stop();
      this.#stop = undefined;
    }
  }

  /** Its choices are to be explained. */
  has(request: InferenceRequest): boolean {
    return this.#stop !== undefined && this.#open.has(request);
  }

  decided(request: InferenceRequest, decision: SelectionDecision): void {
    const decisions = this.#open.get(request)?.decisions;
    if (decisions === undefined) return;
    // Of looks that found no place, one after the other, the last is kept.
    if (decision.choice === undefined && decisions.at(-1)?.choice === undefined) decisions.pop();
    decisions.push(decision);
  }

  #handlers(): BalancerHandlers {
    return {
      'request-started': ({ request }) => {
        const startedAt = this.#clock.now();
        this.#open.set(request, { startedAt, queued: 0, decisions: [], begunAfter: [], attempts: [] });
      },
      'request-dequeued': ({ request, wait }) => {
        const record = this.#open.get(request);
        if (record !== undefined) record.queued += wait;
      },
      'attempt-started': ({ request, attempt }) => {
        const record = this.#open.get(request);
        if (record !== undefined) record.begunAfter[attempt] = this.#clock.now() - record.startedAt;
      },
      'attempt-settled': (event) => {
        const record = this.#open.get(event.request);
        record?.attempts.push(attemptRecord(event, record));
      },
      'request-finished': (event) => {
        const record = this.#open.get(event.request);
        if (record !== undefined) this.#finish(event, record);
      },
    };
  }

  #finish(
    { request, status, outcome, duration }: BalancerEvent & { type: 'request-finished' },
    { queued, decisions, attempts }: OpenRecord,
  ): void {
    this.#open.delete(request);
    attempts.sort((one, other) => one.attempt - other.attempt);
    this.#observers.audience('request-record').tellOnly(this.#listeners, {
      type: 'request-record',
      request,
      status,
      outcome,
      duration,
      queued,
      decisions,
      attempts,
    });
  }
}

function attemptRecord(
  event: BalancerEvent & { type: 'attempt-settled' },
  { begunAfter }: OpenRecord,
): AttemptRecord {
  const { attempt, endpoint, outcome, duration, connect, headers, firstToken } = event;
  return {
    attempt,
    endpoint,
    begunAfter: begunAfter[attempt] ?? 0,
    connect,
    headers,
    firstToken,
    duration,
    outcome,
  };
}
