import type { BalancedRequest, RequestBody } from '../../core/exchange.js';
import { OUTCOME_RULES, type Outcome } from '../../core/outcome.js';
import type { AttemptFollower } from '../../core/policy.js';
import type { Timeouts } from '../../core/timeouts.js';
import { ResponseTap } from '../../sse/response-tap.js';
import type { TapTerms } from '../../sse/tap-terms.js';
import type { Lease } from '../../state/lease.js';
import { requestHeaders } from '../../transport/headers.js';
import { endpointPath } from '../endpoint-path.js';
import type { Engine } from '../engine/engine.js';
import { type Inspection, renameModel } from '../inspect-request.js';
import { noteLoadHeaders } from '../upkeep/load-headers.js';
import { withAttemptHeaders } from './attempt-headers.js';
import { followAttempt } from './follow-attempt.js';

/** What every attempt of a request has in common. */
export interface AttemptTerms {
  /** The caller's. */
  readonly headers: BalancedRequest['headers'];
  readonly body: RequestBody;
  readonly inspection: Inspection;
  readonly timeouts: Timeouts;
  classify: TapTerms['classify'];
}

/** Sends a request to the leased endpoint; the tap settles the lease. */
export function startAttempt(engine: Engine, lease: Lease, terms: AttemptTerms): ResponseTap {
  const { attemptStarted } = engine.audiences;
  const { endpoint } = lease;
  const { body } = terms;
  const { request, facts } = terms.inspection;
  if (attemptStarted.listens) {
    const { attempt } = request;
    attemptStarted.tell({ type: 'attempt-started', request, endpoint: endpoint.id, attempt });
  }
  const { tap } = new Attempt(engine, lease, terms);
  const served = request.model === undefined ? undefined : endpoint.servedModel(request.model);
  const headers = withAttemptHeaders(engine.options, terms.headers, { request, endpoint: endpoint.id });
  const call = endpoint.channel.send(
    {
      method: request.method,
      path: endpointPath(endpoint.basePath, request.path),
      headers: requestHeaders(headers, endpoint.headers),
      body: body instanceof Uint8Array ? renameModel(body, facts, served) : body,
    },
    tap,
  );
  tap.start(call);
  return tap;
}

/** What an attempt means to its endpoint, and to those who watch. */
class Attempt implements TapTerms {
  readonly #engine: Engine;
  readonly #lease: Lease;
  readonly #terms: AttemptTerms;
  readonly #number: number;
  readonly startedAt: number;
  readonly #follower: AttemptFollower | undefined;
  /** Milliseconds to the headers of an answer that does not stream. */
  #response: number | undefined;
  readonly tap: ResponseTap;

  constructor(engine: Engine, lease: Lease, terms: AttemptTerms) {
    const { request } = terms.inspection;
    const { endpoint } = lease;
    this.#engine = engine;
    this.#lease = lease;
    this.#terms = terms;
    this.#number = request.attempts;
    this.startedAt = engine.clock.now();
    this.#follower = followAttempt(engine, { endpoint, request, now: this.startedAt });
    this.tap = new ResponseTap(this);
  }

  get endpoint(): string {
    return this.#lease.endpoint.id;
  }

  get clock(): Engine['clock'] {
    return this.#engine.clock;
  }

  get timeouts(): Timeouts {
    return this.#terms.timeouts;
  }

  get streaming(): boolean {
    return this.#terms.inspection.request.streaming;
  }

  get inference(): boolean {
    return this.#terms.inspection.inference;
  }

  classify(error: Error, sent: boolean, stale: boolean): Outcome {
    return this.#terms.classify(error, sent, stale);
  }

  onAnswering(elapsed: number, streamed: boolean): void {
    const { endpoint } = this.#lease;
    const { observers, hedging, clock } = this.#engine;
    this.#lease.answering(streamed ? elapsed : undefined);
    if (endpoint.metrics.length > 0) noteLoadHeaders(this.#engine, endpoint, this.tap.head.headers);
    this.#follower?.answering(clock.now(), streamed);
    hedging?.note(elapsed, streamed);
    // A first token may have raised the limit again.
    if (endpoint.limit !== undefined) this.#engine.rearranged();
    if (!streamed) {
      this.#response = elapsed;
      return;
    }
    endpoint.noteFirstToken(elapsed);
    if (observers.wants('first-token')) {
      const { request } = this.#terms.inspection;
      observers.tell({ type: 'first-token', request, endpoint: endpoint.id, elapsed });
    }
  }

  onSettled(outcome: Outcome): void {
    const { endpoint } = this.#lease;
    const { audiences, clock } = this.#engine;
    this.#lease.settle(outcome);
    const { watch, committed, clocks } = this.tap;
    const tokenInterval = watch?.tokenInterval;
    if (OUTCOME_RULES[outcome.kind].latency) {
      if (this.#response !== undefined) endpoint.noteResponse(this.#response);
      if (tokenInterval !== undefined) endpoint.noteTokenInterval(tokenInterval);
    }
    const tokens = watch?.findings.contentEvents;
    this.#follower?.settled({ outcome, now: clock.now(), tokens, tokenInterval });
    if (audiences.attemptSettled.listens) {
      audiences.attemptSettled.tell({
        type: 'attempt-settled',
        request: this.#terms.inspection.request,
        endpoint: endpoint.id,
        attempt: this.#number,
        outcome,
        duration: clock.now() - this.startedAt,
        committed,
        contentEvents: tokens ?? 0,
        tokenInterval,
        usage: this.tap.usage,
        connect: clocks.connect,
        headers: clocks.headers,
        firstToken: clocks.firstToken,
      });
    }
    this.#engine.changed(endpoint);
  }
}
