import type { BalancedReply, BalancedRequest, ReplyBody, RequestBody } from '../../core/exchange.js';
import type { Outcome, OutcomeKind } from '../../core/outcome.js';
import type { Timeouts } from '../../core/timeouts.js';
import type { ResponseTap } from '../../sse/response-tap.js';
import type { AttemptResult } from '../../sse/tap-terms.js';
import type { AdmissionRefusal } from '../../state/admission.js';
import type { Lease } from '../../state/lease.js';
import { classifyError } from '../../transport/classify-error.js';
import type { Cancellation } from '../engine/cancellation.js';
import type { Engine, Placeless } from '../engine/engine.js';
import { type Refusal, refusalReply } from '../engine/refusal.js';
import type { Inspection, LiveRequest } from '../inspect-request.js';
import { judgeAnswer, MISCONFIGURED } from '../judge-status.js';
import { type AttemptTerms, startAttempt } from './attempt.js';
import { queueForPlace } from './queue-for-place.js';
import { failureRefusal, placelessRefusal } from './refusal-reasons.js';
import { replyHead } from './reply-head.js';
import { stepToRetry } from './retry-step.js';
import { scanJson } from './scan-json.js';
import { ServerTiming } from './server-timing.js';

/** The steps of one request; `send` puts them in order. */
export class RequestRun implements AttemptTerms {
  readonly request: LiveRequest;
  readonly cancellation: Cancellation;
  readonly #engine: Engine;
  readonly headers: BalancedRequest['headers'];
  body: RequestBody;
  inspection: Inspection;
  readonly timeouts: Timeouts;
  readonly #startedAt: number;
  readonly serverTiming: ServerTiming | undefined;
  /** Attempts before the stream was continued. */
  #earlier = 0;
  only: readonly string[] | undefined;
  /** The endpoint of the last attempt, or of the one that is gone on with, where two were made. */
  endpoint = 'none';
  #retrying = false;
  #staleSpent = false;
  #finished = false;

  constructor(
    engine: Engine,
    incoming: BalancedRequest,
    body: RequestBody,
    inspection: Inspection,
    { timeouts, cancellation }: { readonly timeouts: Timeouts; readonly cancellation: Cancellation },
  ) {
    this.#engine = engine;
    this.headers = incoming.headers;
    this.body = body;
    this.inspection = inspection;
    this.request = inspection.request;
    this.only = incoming.overrides?.endpoints;
    this.timeouts = timeouts;
    this.#startedAt = engine.clock.now();
    const timed = incoming.overrides?.serverTiming ?? engine.options.serverTiming;
    this.serverTiming = timed ? new ServerTiming(engine.clock) : undefined;
    this.cancellation = cancellation;
    engine.running.add(this.cancellation);
    engine.budget?.requestStarted();
    engine.hedging?.requestStarted();
    engine.records.review();
    const { requestStarted } = engine.audiences;
    if (requestStarted.listens) requestStarted.tell({ type: 'request-started', request: this.request });
  }

  /** Waits for a place where waiting can help. */
  wait(placeless: Placeless): Promise<Lease | Placeless | AdmissionRefusal> {
    const place = queueForPlace(this.#engine, this.request, this.only, placeless, this.cancellation);
    return this.serverTiming?.queueing(place) ?? place;
  }

  /** Sends the request to the leased endpoint. */
  attempt(lease: Lease): ResponseTap {
    this.endpoint = lease.endpoint.id;
    this.request.sentTo(this.endpoint);
    const tap = startAttempt(this.#engine, lease, this);
    this.stopsWith([tap]);
    return tap;
  }

  /** Whatever stops the request ends these attempts. */
  stopsWith(taps: readonly ResponseTap[]): void {
    const { cancellation } = this;
    // A variable: V8 puts a function literal assigned to a property in old space, and it keeps all of the request.
    const end = () => {
      const error = cancellation.streamError(this.endpoint);
      for (const tap of taps) tap.end(cancellation.outcome, error);
    };
    cancellation.onCancel = end;
  }

  /** What an attempt's result says of its endpoint. */
  judge(lease: Lease, tap: ResponseTap, result: AttemptResult): Outcome {
    if (this.#retrying) {
      this.#retrying = false;
      this.#engine.budget?.retryEnded();
    }
    if (result.kind === 'failure') return result.outcome;
    const { observers, clock } = this.#engine;
    const { status, headers } = tap.head;
    if (MISCONFIGURED.has(status) && observers.wants('endpoint-misconfigured')) {
      observers.tell({ type: 'endpoint-misconfigured', endpoint: lease.endpoint.id, status });
    }
    return judgeAnswer(lease.endpoint, status, headers, clock.wallTime());
  }

  /**
   * Waits for the next attempt, if there is to be one.
   * @param once the body cannot be sent twice
   * @returns why there is none
   */
  async retry(outcome: Outcome, once: boolean): Promise<string | undefined> {
    if (once) return 'not-retryable';
    const { request, only } = this;
    const attempts = request.attempts - this.#earlier;
    const step = stepToRetry(this.#engine, { request, only, attempts }, outcome);
    if ('denied' in step) return step.denied;
    this.#retrying = step.charged;
    if (step.delay > 0) await this.cancellation.pause(step.delay);
    request.again();
    return undefined;
  }

  /** Gives the caller what came of an attempt: its answer, or that there is none. */
  answer(tap: ResponseTap, result: AttemptResult, outcome: Outcome, denied?: string): BalancedReply {
    if (result.kind === 'failure' && !result.passable) {
      tap.cancel();
      return this.reply(failureRefusal(outcome, this.endpoint, denied));
    }
    const reply = this.commit(tap, tap);
    // Neither the reply nor what was sent is to live as long as a stream.
    const { status } = reply;
    tap.settlement.afterClose(() => this.finish(status, tap.settlement.outcome?.kind ?? outcome.kind));
    this.body = undefined;
    this.request.forgetBody();
    return reply;
  }

  /** Passes an attempt's answer on, through a body that says when it is over. */
  commit(tap: ResponseTap, body: ReplyBody): BalancedReply {
    const head = replyHead(tap, this);
    tap.commit();
    // A wait since the attempt may have left its own way to stop.
    this.stopsWith([tap]);
    return { ...head, body };
  }

  /** From here on attempts ask for the rest of an answer; they are counted anew, the one that broke off included. */
  askForRest(body: Uint8Array, only: readonly string[] | undefined): void {
    this.body = body;
    this.inspection = { ...this.inspection, facts: scanJson(body) };
    this.#earlier = this.request.attempts - 1;
    this.only = only;
  }

  /** Answers that there is no place. */
  refuse(reason: Placeless | AdmissionRefusal): BalancedReply {
    const { observers } = this.#engine;
    if (observers.wants('request-shed')) {
      const kind = reason === 'queue-full' || reason === 'max-wait' ? reason : 'no-endpoint';
      observers.tell({ type: 'request-shed', request: this.request, reason: kind });
    }
    return this.reply(placelessRefusal(reason, this.request.model, this.#engine.options.admission));
  }

  /** Ends a request that was stopped from outside. @throws the caller's reason, if it was the caller */
  cancelled(tap: ResponseTap | undefined, unused?: Lease): BalancedReply {
    tap?.cancel();
    if (unused !== undefined) this.drop(unused);
    return this.reply(this.cancellation.refusal());
  }

  /** Gives back a lease that came too late. */
  drop(unused: Lease): void {
    if (unused.settle(this.cancellation.outcome)) this.#engine.changed(unused.endpoint);
  }

  finish(status: number, outcome: OutcomeKind | 'shed'): void {
    if (this.#finished) return;
    this.#finished = true;
    const { budget, hedging, audiences, clock } = this.#engine;
    this.cancellation.dispose();
    this.request.forgetBody();
    if (this.#retrying) budget?.retryEnded();
    budget?.requestEnded();
    hedging?.requestEnded();
    this.#engine.ended(this.cancellation);
    if (audiences.requestFinished.listens) {
      audiences.requestFinished.tell({
        type: 'request-finished',
        request: this.request,
        status,
        duration: clock.now() - this.#startedAt,
        attempts: this.request.attempts,
        outcome,
      });
    }
  }

  /** Gives the balancer's own answer. */
  reply(refusal: Refusal): BalancedReply {
    const { attempts } = this.request;
    const serverTiming = this.serverTiming?.value(attempts);
    const reply = refusalReply({ ...refusal, endpoint: this.endpoint, attempts, serverTiming });
    this.finish(reply.status, attempts === 0 ? 'shed' : 'fault');
    return reply;
  }

  classify(error: Error, sent: boolean, stale: boolean): Outcome {
    const { reason, invalid } = classifyError(error, sent);
    if (invalid) return { kind: 'rejected', status: 400 };
    if (stale && reason === 'reset' && !this.#staleSpent) {
      this.#staleSpent = true;
      return { kind: 'neutral', reason: 'stale-connection' };
    }
    return { kind: 'fault', reason, status: undefined, sent, error };
  }
}
