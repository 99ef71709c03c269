import type { BalancedRequest, RequestBody } from '../core/exchange.js';
import { OUTCOME_RULES, type Outcome } from '../core/outcome.js';
import type { Timeouts } from '../core/timeouts.js';
import { ResponseTap } from '../sse/response-tap.js';
import type { TapTerms } from '../sse/tap-terms.js';
import type { Lease } from '../state/lease.js';
import { requestHeaders } from '../transport/headers.js';
import { withAttemptHeaders } from './attempt-headers.js';
import { endpointPath } from './endpoint-path.js';
import type { Engine } from './engine.js';
import { followAttempt } from './follow-attempt.js';
import { type Inspection, renameModel } from './inspect-request.js';
import { noteLoadHeaders } from './load-headers.js';

/** What every attempt of a request has in common. */
export interface AttemptTerms {
  readonly incoming: BalancedRequest;
  readonly body: RequestBody;
  readonly inspection: Inspection;
  readonly timeouts: Timeouts;
  readonly classify: TapTerms['classify'];
}

/** Sends a request to the leased endpoint; the tap settles the lease. */
export function startAttempt(engine: Engine, lease: Lease, terms: AttemptTerms): ResponseTap {
  const { observers, clock } = engine;
  const { endpoint } = lease;
  const { request, inference, facts } = terms.inspection;
  const { attempt } = request;
  const startedAt = clock.now();
  if (observers.wants('attempt-started')) {
    observers.tell({ type: 'attempt-started', request, endpoint: endpoint.id, attempt });
  }
  const follower = followAttempt(engine, { endpoint, request, now: startedAt });
  let response: number | undefined;
  const tap: ResponseTap = new ResponseTap({
    endpoint: endpoint.id,
    clock,
    timeouts: terms.timeouts,
    streaming: request.streaming,
    inference,
    classify: terms.classify,
    onAnswering: (elapsed, streamed) => {
      lease.answering(streamed ? elapsed : undefined);
      if (endpoint.metrics.length > 0) noteLoadHeaders(engine, endpoint, tap.head.headers);
      follower?.answering(clock.now(), streamed);
      engine.hedging?.note(elapsed, streamed);
      // A first token may have raised the limit again.
      if (endpoint.limit !== undefined) engine.rearranged();
      if (!streamed) {
        response = elapsed;
        return;
      }
      endpoint.noteFirstToken(elapsed);
      if (observers.wants('first-token')) {
        observers.tell({ type: 'first-token', request, endpoint: endpoint.id, elapsed });
      }
    },
    onSettled: (outcome: Outcome) => {
      lease.settle(outcome);
      const { watch } = tap;
      const tokenInterval = watch?.tokenInterval;
      if (OUTCOME_RULES[outcome.kind].latency) {
        if (response !== undefined) endpoint.noteResponse(response);
        if (tokenInterval !== undefined) endpoint.noteTokenInterval(tokenInterval);
      }
      const tokens = watch?.findings.contentEvents;
      follower?.settled({ outcome, now: clock.now(), tokens, tokenInterval });
      if (observers.wants('attempt-settled')) {
        observers.tell({
          type: 'attempt-settled',
          request,
          endpoint: endpoint.id,
          attempt,
          outcome,
          duration: clock.now() - startedAt,
          committed: tap.committed,
          contentEvents: tokens ?? 0,
          tokenInterval,
          usage: tap.usage,
        });
      }
      engine.changed(endpoint);
    },
  });
  const { body } = terms;
  const served = request.model === undefined ? undefined : endpoint.servedModel(request.model);
  const headers = withAttemptHeaders(engine.options, terms.incoming.headers, {
    request,
    endpoint: endpoint.id,
  });
  tap.start((handler) =>
    endpoint.channel.send(
      {
        method: request.method,
        path: endpointPath(endpoint.basePath, request.path),
        headers: requestHeaders(headers, endpoint.headers),
        body: body instanceof Uint8Array ? renameModel(body, facts, served) : body,
      },
      handler,
    ),
  );
  return tap;
}
