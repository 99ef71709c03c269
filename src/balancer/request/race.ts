import type { Outcome } from '../../core/outcome.js';
import type { ResponseTap } from '../../sse/response-tap.js';
import type { AttemptResult } from '../../sse/tap-terms.js';
import { Lease } from '../../state/lease.js';
import type { Engine } from '../engine/engine.js';
import type { RequestRun } from './request-run.js';

/** An attempt that is under way. */
interface Runner {
  readonly lease: Lease;
  readonly tap: ResponseTap;
}

/** An attempt that can be decided on. */
export interface Arrival extends Runner {
  readonly result: AttemptResult;
  readonly outcome: Outcome;
}

/**
 * Makes one attempt; with `hedge` on, and when it is slower than nearly all others, a second one beside it on
 * another endpoint. The first good answer wins, the other is cancelled and says nothing about its endpoint. When
 * one fails the other is waited for; it is never followed by a third.
 */
export function attempt(engine: Engine, run: RequestRun, lease: Lease, once: boolean): Promise<Arrival> {
  const first: Runner = { lease, tap: run.attempt(lease) };
  const delay = once ? undefined : engine.hedging?.delay(run.request.streaming);
  return delay === undefined ? arrive(run, first) : race(engine, run, first, delay);
}

async function race(engine: Engine, run: RequestRun, first: Runner, delay: number): Promise<Arrival> {
  if (await isReadyWithin(engine, first.tap, delay)) return arrive(run, first);
  const second = startHedge(engine, run, first.lease, delay);
  if (second === undefined) return arrive(run, first);
  run.stopsWith([first.tap, second.tap]);
  const arrivals = [arrive(run, first), arrive(run, second)];
  const early = await Promise.race(arrivals);
  const late = early.tap === first.tap ? second : first;
  let winner = early;
  if (isGood(early)) late.tap.end({ kind: 'neutral', reason: 'hedge-lost' });
  else {
    early.tap.settlement.settle(early.outcome);
    const other = (await arrivals[late === first ? 0 : 1]) ?? early;
    if (isGood(other)) winner = other;
    else other.tap.settlement.settle(other.outcome);
    (winner === other ? early : other).tap.cancel();
  }
  engine.hedging?.ended(engine.budget);
  run.endpoint = winner.lease.endpoint.id;
  if (engine.observers.wants('hedge-settled')) {
    const result = isGood(winner) ? (winner.tap === second.tap ? 'won' : 'lost') : 'failed';
    engine.observers.tell({ type: 'hedge-settled', request: run.request, result });
  }
  return winner;
}

async function isReadyWithin({ clock }: Engine, tap: ResponseTap, delay: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => resolve(false), delay);
    void tap.ready.then(() => {
      timer.close();
      resolve(true);
    });
  });
}

/** A second attempt, if an untried endpoint has room, the request still lives and both budgets allow it. */
function startHedge(engine: Engine, run: RequestRun, first: Lease, delay: number): Runner | undefined {
  const { observers, hedging, budget } = engine;
  const { request, cancellation } = run;
  const found = engine.endpoints.find(request, run.only);
  if (cancellation.cause !== undefined || found.kind !== 'ready' || found.untried === 0) return undefined;
  if (!hedging?.tryStart(budget)) {
    if (observers.wants('hedge-settled'))
      observers.tell({ type: 'hedge-settled', request, result: 'denied' });
    return undefined;
  }
  request.again();
  const lease = engine.place(request, run.only);
  if (!(lease instanceof Lease)) {
    request.attempt = request.attempts;
    hedging.ended(budget);
    return undefined;
  }
  if (observers.wants('hedge')) {
    observers.tell({ type: 'hedge', request, endpoint: lease.endpoint.id, beside: first.endpoint.id, delay });
  }
  return { lease, tap: run.attempt(lease) };
}

/** Not an async function: of all that a request waits for, this is what every one waits for. */
function arrive(run: RequestRun, { lease, tap }: Runner): Promise<Arrival> {
  return tap.ready.then((ready) => {
    // It may have broken off in the very turn in which it was ready: nothing has been passed on yet.
    const { failure } = tap;
    const result: AttemptResult =
      failure === undefined ? ready : { kind: 'failure', outcome: failure, passable: false };
    return { lease, tap, result, outcome: run.judge(lease, tap, result) };
  });
}

function isGood({ result, outcome }: Arrival): boolean {
  return result.kind === 'answer' && (outcome.kind === 'success' || outcome.kind === 'rejected');
}
