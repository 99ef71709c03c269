import type { BalancedReply } from '../../core/exchange.js';
import type { Outcome } from '../../core/outcome.js';
import type { ChatRequest, ResumeStrategy } from '../../core/resume.js';
import type { SoFar } from '../../sse/chat-transcript.js';
import type { ResponseTap } from '../../sse/response-tap.js';
import { type NextAttempt, ResumableBody } from '../../sse/resumable-body.js';
import { streamFailure } from '../../sse/stream-failure.js';
import { Lease } from '../../state/lease.js';
import type { Engine } from '../engine/engine.js';
import type { RequestRun } from './request-run.js';
import { endsInsideStop, lowerLimits, readResumable } from './resumable-request.js';

const DEFAULT_SEAMS = 3;
const MALFORMED: Outcome = { kind: 'fault', reason: 'malformed', status: 200, sent: true, error: undefined };

/** The reply to a request whose stream another endpoint may continue; `undefined` for any other. */
export function resumable(engine: Engine, run: RequestRun, tap: ResponseTap): BalancedReply | undefined {
  const { resume: strategy, maxBodyBytes } = engine.options;
  if (strategy === undefined || !isEventStream(tap) || !(run.body instanceof Uint8Array)) return undefined;
  // All of it has come, terminator and all.
  if (tap.complete !== undefined && tap.settlement.outcome?.kind === 'success' && tap.watch?.findings.done)
    return undefined;
  const request = readResumable(run.request.path, run.body);
  if (request === undefined) return undefined;
  const { status } = tap.head;
  const told = (from: string, to: string | undefined, tokens: number) => {
    if (engine.observers.wants('stream-resumed'))
      engine.observers.tell({ type: 'stream-resumed', request: run.request, from, to, tokens });
  };
  const body: ResumableBody = new ResumableBody(tap, {
    seams: strategy.seams ?? DEFAULT_SEAMS,
    maxText: maxBodyBytes,
    failure: (outcome) => streamFailure(run.endpoint, outcome, run.timeouts),
    next: async (failed, soFar) => {
      const from = run.endpoint;
      const resumption = { engine, run, strategy, request };
      const next = await continueElsewhere(resumption, failed, soFar).catch((err) =>
        mistaken(resumption, err),
      );
      if (next.kind === 'continued') told(from, run.endpoint, soFar.tokens);
      else if (next.kind === 'limit-reached') told(from, undefined, soFar.tokens);
      // It may yet run on to its end; a wait has left its own way to stop.
      else if (next.kind === 'none') run.stopsWith([tap]);
      return next;
    },
    completed: (tokens) => told(run.endpoint, undefined, tokens),
    stop: () => run.cancellation.cancel('caller-left'),
    over: (outcome) => run.finish(status, outcome),
  });
  return run.commit(tap, body);
}

interface Resumption {
  readonly engine: Engine;
  readonly run: RequestRun;
  readonly strategy: ResumeStrategy;
  readonly request: ChatRequest;
}

/** Attempts until another endpoint goes on with the text, under the rules and the budget of every retry. */
async function continueElsewhere(
  { engine, run, strategy, request }: Resumption,
  failed: Outcome,
  soFar: SoFar,
): Promise<NextAttempt> {
  const { cancellation } = run;
  const rest = restOf({ engine, run, strategy, request }, soFar);
  if (typeof rest === 'string') return { kind: rest };
  run.askForRest(rest.body, rest.only);
  let outcome = failed;
  for (;;) {
    const denied = await run.retry(outcome, false);
    if (cancellation.cause !== undefined) return stopped(run);
    if (denied !== undefined) return { kind: 'none' };
    const placed = engine.place(run.request, run.only);
    const lease = placed instanceof Lease ? placed : await run.wait(placed);
    if (cancellation.cause !== undefined) {
      if (lease instanceof Lease) run.drop(lease);
      return stopped(run);
    }
    if (!(lease instanceof Lease)) return { kind: 'none' };
    const tap = run.attempt(lease);
    const result = await tap.ready;
    outcome = run.judge(lease, tap, result);
    if (cancellation.cause === undefined && result.kind === 'answer' && outcome.kind === 'success') {
      if (isEventStream(tap)) {
        tap.commit();
        return { kind: 'continued', tap };
      }
      outcome = MALFORMED;
    }
    tap.end(outcome);
    if (cancellation.cause !== undefined) return stopped(run);
  }
}

interface Rest {
  readonly body: Uint8Array;
  /** Ids of the endpoints that may be asked. */
  readonly only: readonly string[] | undefined;
}

/** What is missing, if anything, and can be asked for. */
function restOf(
  { engine, run, strategy, request }: Resumption,
  { text, tokens }: SoFar,
): Rest | 'limit-reached' | 'none' {
  const { options, endpoints } = engine;
  const lowered = lowerLimits(request, tokens);
  if (lowered === undefined) return 'limit-reached';
  if (endsInsideStop(request, text)) return 'none';
  const rest = text === '' ? lowered : strategy.continueFrom(lowered, text);
  if (rest === undefined) return 'none';
  const body = Buffer.from(JSON.stringify(rest));
  if (body.byteLength > options.maxBodyBytes) return 'none';
  if (strategy.accepts === undefined) return { body, only: run.only };
  const willing = endpoints.members.filter((endpoint) => strategy.accepts?.(endpoint));
  return { body, only: willing.map(({ id }) => id).filter((id) => run.only?.includes(id) ?? true) };
}

/** A strategy's mistake, or a retry policy's, costs no more than the continuation. */
function mistaken({ engine, strategy }: Resumption, err: unknown): NextAttempt {
  engine.options.logger.error({ err, strategy: strategy.name }, 'a stream could not be resumed');
  return { kind: 'none' };
}

function stopped(run: RequestRun): NextAttempt {
  return { kind: 'stopped', error: run.cancellation.streamError(run.endpoint) as Error };
}

function isEventStream({ head, watch }: ResponseTap): boolean {
  const type = String(head.headers['content-type'] ?? '').toLowerCase();
  return head.status === 200 && watch !== undefined && type.startsWith('text/event-stream');
}
