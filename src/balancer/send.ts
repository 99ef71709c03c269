import type { BalancedReply, BalancedRequest, RequestBody } from '../core/exchange.js';
import { Lease } from '../state/lease.js';
import { TOO_LARGE } from '../transport/replayable-body.js';
import { Cancellation } from './engine/cancellation.js';
import type { Engine } from './engine/engine.js';
import { refusalReply } from './engine/refusal.js';
import { type Inspection, inspectRequest } from './inspect-request.js';
import { applyOverrides } from './request/overrides.js';
import { type Arrival, attempt } from './request/race.js';
import { bodyTooLarge } from './request/refusal-reasons.js';
import { RequestRun } from './request/request-run.js';
import { resumable } from './request/resume-stream.js';
import { takeBody } from './request/take-body.js';

/**
 * One request's life: inspect, admit, then attempts until one is committed or there is nothing left to try.
 *
 * @returns an endpoint's answer, or the balancer's own
 * @throws the caller's own abort reason; InvalidOptionError for wishes that cannot be
 */
export async function send(engine: Engine, incoming: BalancedRequest): Promise<BalancedReply> {
  const { maxBodyBytes } = engine.options;
  incoming.signal?.throwIfAborted();
  if (engine.closed) return refusalReply({ code: 'balancer_closed', message: 'The balancer is closed' });
  const { body: source } = incoming;
  const timeouts = applyOverrides(incoming.overrides, engine.options.timeouts);
  const cancellation = new Cancellation(incoming.signal, timeouts.total, engine.clock);
  const passThrough = incoming.overrides?.bufferBody === false && isStream(source);
  let body: RequestBody | typeof TOO_LARGE;
  let inspection: Inspection;
  try {
    const taken = source === undefined || source instanceof Uint8Array || passThrough;
    body = taken ? source : await takeBody(source, maxBodyBytes, cancellation);
    inspection = inspectRequest(incoming, body instanceof Uint8Array ? body : undefined, engine.options);
  } catch (error) {
    cancellation.dispose();
    throw error;
  }
  const tooLarge = body === TOO_LARGE || (body instanceof Uint8Array && body.byteLength > maxBodyBytes);
  engine.noteCallerRetries(incoming.headers);

  const limits = { timeouts, cancellation };
  const run = new RequestRun(engine, incoming, body === TOO_LARGE ? undefined : body, inspection, limits);
  if (tooLarge) return run.reply(bodyTooLarge(maxBodyBytes));
  if (inspection.refusal !== undefined) return run.reply(inspection.refusal);
  const { request } = run;
  // An attempt that ended badly is kept until a better one begins: its answer may still be the one to give.
  let last: Arrival | undefined;
  try {
    for (;;) {
      if (cancellation.cause !== undefined) return run.cancelled(last?.tap);
      const placed = engine.place(request, run.only);
      const lease = placed instanceof Lease ? placed : await run.wait(placed);
      if (!(lease instanceof Lease)) {
        if (cancellation.cause !== undefined) return run.cancelled(last?.tap);
        // A retry that finds no place gives what the attempt before it came to.
        return last === undefined
          ? run.refuse(lease)
          : run.answer(last.tap, last.result, last.outcome, 'no-endpoint');
      }
      last?.tap.cancel();
      if (cancellation.cause !== undefined) return run.cancelled(undefined, lease);
      const arrival = await attempt(engine, run, lease, passThrough);
      const { tap, result, outcome } = arrival;
      const answered = result.kind === 'answer' && outcome.kind === 'success';
      // The caller may have left in the turn in which the answer came.
      if (answered && cancellation.cause === undefined)
        return resumable(engine, run, tap) ?? run.answer(tap, result, outcome);
      tap.settlement.settle(outcome);
      if (cancellation.cause !== undefined) return run.cancelled(tap);
      const denied = await run.retry(outcome, passThrough);
      if (denied !== undefined) return run.answer(tap, result, outcome, denied);
      last = arrival;
    }
  } catch (error) {
    run.finish(499, 'neutral');
    throw error;
  }
}

function isStream(body: BalancedRequest['body']): body is AsyncIterable<Uint8Array> {
  return body !== undefined && Symbol.asyncIterator in body;
}
