import type { BalancedReply, BalancedRequest } from '../core/exchange.js';
import { Lease } from '../state/lease.js';
import { bufferBody, TOO_LARGE } from '../transport/replayable-body.js';
import type { Engine } from './engine.js';
import { inspectRequest } from './inspect-request.js';
import { applyOverrides } from './overrides.js';
import { type Arrival, attempt } from './race.js';
import { refusalReply } from './refusal.js';
import { bodyTooLarge } from './refusal-reasons.js';
import { RequestRun } from './request-run.js';
import { resumable } from './resume-stream.js';

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
  const streamed = source !== undefined && !(source instanceof Uint8Array);
  const passThrough = streamed && incoming.overrides?.bufferBody === false;
  const body = streamed && !passThrough ? await bufferBody(source, maxBodyBytes, incoming.signal) : source;
  const tooLarge = body === TOO_LARGE || (body instanceof Uint8Array && body.byteLength > maxBodyBytes);
  const inspection = inspectRequest(incoming, body instanceof Uint8Array ? body : undefined, engine.options);
  engine.noteCallerRetries(incoming.headers);

  const run = new RequestRun(engine, incoming, tooLarge ? undefined : body, inspection, timeouts);
  if (tooLarge) return run.reply(bodyTooLarge(maxBodyBytes));
  if (inspection.refusal !== undefined) return run.reply(inspection.refusal);
  const { request, cancellation } = run;
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
