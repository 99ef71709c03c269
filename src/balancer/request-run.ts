import type { BalancedReply, BalancedRequest } from '../core/exchange.js';
import type { Outcome, OutcomeKind } from '../core/outcome.js';
import type { Timeouts } from '../core/timeouts.js';
import { StreamError } from '../errors.js';
import { parseRetryAfter } from '../retries/retry-after.js';
import { type AttemptResult, ResponseTap } from '../sse/response-tap.js';
import type { AdmissionRefusal } from '../state/admission.js';
import { Lease } from '../state/lease.js';
import { classifyError } from '../transport/classify-error.js';
import { requestHeaders, responseHeaders } from '../transport/headers.js';
import { Cancellation } from './cancellation.js';
import { endpointPath } from './endpoint-path.js';
import type { Engine, Placeless } from './engine.js';
import { type Inspection, type LiveRequest, renameModel } from './inspect-request.js';
import { judgeStatus } from './judge-status.js';
import { type Refusal, refusalReply } from './refusal.js';
import { failureRefusal, placelessRefusal } from './refusal-reasons.js';

/** The steps of one request; `send` puts them in order. */
export class RequestRun {
  readonly request: LiveRequest;
  readonly cancellation: Cancellation;
  readonly #engine: Engine;
  readonly #incoming: BalancedRequest;
  readonly #body: BalancedRequest['body'];
  readonly #inspection: Inspection;
  readonly #timeouts: Timeouts;
  readonly #startedAt: number;
  #endpoint: string | undefined;
  #retrying = false;
  #staleSpent = false;
  #finished = false;

  constructor(
    engine: Engine,
    incoming: BalancedRequest,
    body: BalancedRequest['body'],
    inspection: Inspection,
  ) {
    this.#engine = engine;
    this.#incoming = incoming;
    this.#body = body;
    this.#inspection = inspection;
    this.request = inspection.request;
    const { timeouts } = engine.options;
    const own = incoming.overrides?.timeouts;
    this.#timeouts = own === undefined ? timeouts : { ...timeouts, ...own };
    this.#startedAt = engine.clock.now();
    this.cancellation = new Cancellation(incoming.signal, this.#timeouts.total, engine.clock);
    engine.running.add(this.cancellation);
    engine.budget?.requestStarted();
    if (
      Number(incoming.headers['x-stainless-retry-count'] ?? 0) > 0 &&
      engine.observers.wants('caller-retries')
    ) {
      engine.observers.tell({
        type: 'caller-retries',
        count: Number(incoming.headers['x-stainless-retry-count']),
      });
    }
  }

  /** Waits for a place where waiting can help. */
  async wait(placeless: Placeless): Promise<Lease | Placeless | AdmissionRefusal> {
    const { admission, options, observers, clock } = this.#engine;
    if (placeless.kind === 'cooling-off') {
      if (options.admission.maxQueued === 0 || placeless.soonest > options.admission.maxWait)
        return placeless;
      admission.wakeIn(placeless.soonest);
    } else if (placeless.kind !== 'full') return placeless;
    const { request, cancellation } = this;
    const only = this.#incoming.overrides?.endpoints;
    const since = clock.now();
    let lastSeen: Placeless = placeless;
    const waiting = admission.wait(
      {
        model: request.model,
        priority: request.priority,
        placeable: () => this.#engine.endpoints.find(request, only).kind === 'ready',
        place: () => {
          const placed = this.#engine.place(request, only);
          if (placed instanceof Lease) return placed;
          lastSeen = placed;
          return undefined;
        },
      },
      (leave) => {
        cancellation.onCancel = leave;
      },
    );
    if (observers.wants('request-queued')) {
      observers.tell({ type: 'request-queued', request, queued: admission.queued });
    }
    const admitted = await waiting;
    if (observers.wants('request-dequeued')) {
      observers.tell({
        type: 'request-dequeued',
        request,
        wait: clock.now() - since,
        queued: admission.queued,
      });
    }
    if (admitted === undefined) return lastSeen;
    return 'refusal' in admitted ? admitted.refusal : (admitted.place ?? lastSeen);
  }

  /** Sends the request to the leased endpoint. */
  attempt(lease: Lease): ResponseTap {
    const { request } = this;
    const { endpoint } = lease;
    const { observers, clock } = this.#engine;
    request.attempt++;
    request.tried.push(endpoint.id);
    this.#endpoint = endpoint.id;
    const { attempt } = request;
    const startedAt = clock.now();
    if (observers.wants('attempt-started')) {
      observers.tell({ type: 'attempt-started', request, endpoint: endpoint.id, attempt });
    }
    let response: number | undefined;
    const tap: ResponseTap = new ResponseTap({
      endpoint: endpoint.id,
      clock,
      timeouts: this.#timeouts,
      streaming: request.streaming,
      inference: this.#inspection.inference,
      classify: (error, sent, reused) => this.#classify(error, sent, reused),
      onAnswering: (elapsed, streamed) => {
        if (!streamed) {
          response = elapsed;
          return;
        }
        lease.answering();
        endpoint.noteFirstToken(elapsed);
        if (observers.wants('first-token')) {
          observers.tell({ type: 'first-token', request, endpoint: endpoint.id, elapsed });
        }
      },
      onSettled: (outcome) => {
        if (!lease.settle(outcome)) return;
        const { tokenInterval, findings } = tap;
        if (outcome.kind === 'success') {
          if (response !== undefined) endpoint.noteResponse(response);
          if (tokenInterval !== undefined) endpoint.noteTokenInterval(tokenInterval);
        }
        if (observers.wants('attempt-settled')) {
          observers.tell({
            type: 'attempt-settled',
            request,
            endpoint: endpoint.id,
            attempt,
            outcome,
            duration: clock.now() - startedAt,
            committed: tap.committed,
            contentEvents: findings?.contentEvents ?? 0,
            tokenInterval,
            usage: findings?.usage,
          });
        }
        this.#engine.changed(endpoint);
      },
    });
    const { model } = request;
    const body =
      this.#body instanceof Uint8Array && model !== undefined
        ? renameModel(this.#body, this.#inspection.facts, endpoint.servedModel(model))
        : this.#body;
    this.cancellation.onCancel = () => tap.end(this.#cancelOutcome(), this.#cancelError());
    tap.start((handler) =>
      endpoint.channel.send(
        {
          method: request.method,
          path: endpointPath(endpoint.basePath, request.path),
          headers: requestHeaders(this.#incoming.headers, endpoint.headers),
          body,
        },
        handler,
      ),
    );
    return tap;
  }

  /** What an attempt's result says of its endpoint. */
  judge(lease: Lease, result: AttemptResult): Outcome {
    if (this.#retrying) {
      this.#retrying = false;
      this.#engine.budget?.retryEnded();
    }
    if (result.kind === 'failure') return result.outcome;
    const { endpoint } = lease;
    const { status, headers } = result;
    const retryAfter = status >= 400 ? parseRetryAfter(headers, this.#engine.clock.wallTime()) : undefined;
    endpoint.busyStreak = status === 503 && retryAfter === undefined ? endpoint.busyStreak + 1 : 0;
    if (
      (status === 401 || status === 403 || status === 404) &&
      this.#engine.observers.wants('endpoint-misconfigured')
    ) {
      this.#engine.observers.tell({ type: 'endpoint-misconfigured', endpoint: endpoint.id, status });
    }
    return judgeStatus(status, retryAfter, endpoint.busyStreak);
  }

  /**
   * Waits for the next attempt, if there is to be one.
   * @param once the body cannot be sent twice
   * @returns why there is none
   */
  async retry(outcome: Outcome, once: boolean): Promise<string | undefined> {
    const { retry, budget, endpoints, observers } = this.#engine;
    const { request } = this;
    if (retry === undefined || once) return 'not-retryable';
    const found = endpoints.find(request, this.#incoming.overrides?.endpoints);
    const decision = retry.decide({
      request,
      outcome,
      attempts: request.attempt,
      untried: found.kind === 'ready' ? found.untried : 0,
      soonest: found.kind === 'cooling-off' ? found.soonest : undefined,
    });
    if (!decision.retry) {
      if (decision.reason !== 'not-retryable' && observers.wants('retry-denied')) {
        observers.tell({ type: 'retry-denied', request, reason: decision.reason });
      }
      return decision.reason;
    }
    if (decision.cost > 0 && budget !== undefined) {
      if (!budget.tryWithdraw(decision.cost)) {
        if (observers.wants('retry-denied'))
          observers.tell({ type: 'retry-denied', request, reason: 'budget' });
        return 'budget';
      }
      this.#retrying = true;
    }
    if (observers.wants('retry')) {
      observers.tell({ type: 'retry', request, reason: reasonOf(outcome), delay: decision.delay });
    }
    if (decision.delay > 0) await this.#pause(decision.delay);
    return undefined;
  }

  /** Gives the caller what came of an attempt: its answer, or that there is none. */
  answer(tap: ResponseTap, result: AttemptResult, outcome: Outcome, denied?: string): BalancedReply {
    if (result.kind === 'failure' && !result.passable) {
      tap.cancel();
      return this.#reply(failureRefusal(outcome, this.#endpoint ?? 'none', denied));
    }
    tap.commit();
    const headers = responseHeaders(tap.headers);
    headers.push(
      'x-evenkeel-endpoint',
      this.#endpoint ?? 'none',
      'x-evenkeel-attempts',
      String(this.request.attempt),
    );
    tap.afterClose(() => this.finish(tap.status, tap.outcome?.kind ?? outcome.kind));
    return { status: tap.status, statusText: tap.statusText, headers, body: tap };
  }

  /** Answers that there is no place. */
  refuse(reason: Placeless | AdmissionRefusal): BalancedReply {
    const { observers } = this.#engine;
    if (observers.wants('request-shed')) {
      const kind = reason === 'queue-full' || reason === 'max-wait' ? reason : 'no-endpoint';
      observers.tell({ type: 'request-shed', request: this.request, reason: kind });
    }
    return this.#reply(placelessRefusal(reason, this.request.model, this.#engine.options.admission));
  }

  /** Ends a request that was stopped from outside. @throws the caller's reason, if it was the caller */
  cancelled(tap: ResponseTap | undefined): BalancedReply {
    tap?.cancel();
    const { cause } = this.cancellation;
    if (cause === 'caller-left') throw this.cancellation.reason;
    if (cause === 'shutdown')
      return this.#reply({ code: 'balancer_closed', message: 'The balancer is closed' });
    return this.#reply({
      code: 'timeout',
      message: `The request took longer than ${this.#timeouts.total} ms in all (timeouts.total)`,
    });
  }

  finish(status: number, outcome: OutcomeKind | 'shed'): void {
    if (this.#finished) return;
    this.#finished = true;
    const { budget, observers, clock } = this.#engine;
    this.cancellation.dispose();
    if (this.#retrying) budget?.retryEnded();
    budget?.requestEnded();
    this.#engine.ended(this.cancellation);
    if (observers.wants('request-finished')) {
      observers.tell({
        type: 'request-finished',
        request: this.request,
        status,
        duration: clock.now() - this.#startedAt,
        attempts: this.request.attempt,
        outcome,
      });
    }
  }

  #reply(refusal: Refusal): BalancedReply {
    const reply = refusalReply({ ...refusal, endpoint: this.#endpoint, attempts: this.request.attempt });
    this.finish(reply.status, this.request.attempt === 0 ? 'shed' : 'fault');
    return reply;
  }

  #classify(error: Error, sent: boolean, reused: boolean): Outcome {
    const { reason, invalid } = classifyError(error, sent);
    if (invalid) return { kind: 'rejected', status: 400 };
    if (reused && reason === 'reset' && !this.#staleSpent) {
      this.#staleSpent = true;
      return { kind: 'neutral', reason: 'stale-connection' };
    }
    return { kind: 'fault', reason, status: undefined, sent, error };
  }

  #cancelOutcome(): Outcome {
    return { kind: 'neutral', reason: this.cancellation.cause ?? 'caller-left' };
  }

  #cancelError(): unknown {
    const { cause, reason } = this.cancellation;
    if (cause === 'caller-left') return reason;
    const why =
      cause === 'shutdown'
        ? 'the balancer was closed'
        : `the request took longer than ${this.#timeouts.total} ms (timeouts.total)`;
    return new StreamError(
      cause === 'shutdown' ? 'BALANCER_CLOSED' : 'STREAM_STALLED',
      `The answer was cut: ${why}`,
      this.#endpoint ?? 'none',
    );
  }

  /** Waits, unless the request is stopped first. */
  #pause(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#engine.clock.setTimer(resolve, delay);
      this.cancellation.onCancel = () => {
        timer.close();
        resolve();
      };
    });
  }
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'fault' || outcome.kind === 'neutral' ? outcome.reason : outcome.kind;
}
