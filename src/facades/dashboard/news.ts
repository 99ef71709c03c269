import type { SelectionDecision } from '../../core/decision.js';
import { clip, type EventLine } from './event-line.js';
import type { FeedDecision, FeedEvent } from './feed-message.js';

/** Most lines of one tick; a storm of different ones is cut. */
const MOST_LINES = 50;
/** Decisions explained between two ticks: to explain one costs more than to make it. */
const MOST_DECISIONS = 5;
/** Scores shown of a decision. */
const MOST_SCORES = 8;

/** What happened since the last tick. */
export class News {
  readonly #wallTime: () => number;
  #lines = new Map<string, { at: number; line: EventLine; count: number }>();
  #decisions: FeedDecision[] = [];

  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  /** Equal lines count as one. */
  note(line: EventLine): void {
    const key = JSON.stringify(line);
    const same = this.#lines.get(key);
    if (same !== undefined) same.count++;
    else if (this.#lines.size < MOST_LINES) this.#lines.set(key, { at: this.#wallTime(), line, count: 1 });
  }

  /** @returns whether another one is wanted before the next tick */
  decided(decision: SelectionDecision): boolean {
    this.#decisions.push(summary(decision, this.#wallTime()));
    return this.#decisions.length < MOST_DECISIONS;
  }

  /** And begins anew. */
  take(): { readonly events: FeedEvent[]; readonly decisions: FeedDecision[] } {
    const events = [...this.#lines.values()].map(({ at, line, count }) => ({ at, ...line, count }));
    const decisions = this.#decisions;
    this.#lines = new Map();
    this.#decisions = [];
    return { events, decisions };
  }
}

function summary(decision: SelectionDecision, at: number): FeedDecision {
  const { policy, choice, model, streaming, promptTokens, attempt, candidates, scores, exclusions } =
    decision;
  const excluded: Record<string, number> = {};
  for (const { reason } of exclusions) excluded[reason] = (excluded[reason] ?? 0) + 1;
  const chosen = scores.filter(({ endpoint }) => endpoint === choice);
  const others = scores.filter(({ endpoint }) => endpoint !== choice);
  return {
    at,
    policy,
    choice,
    model: model === undefined ? undefined : clip(model),
    streaming,
    promptTokens,
    attempt,
    candidates: candidates.length,
    scores: [...chosen, ...others].slice(0, MOST_SCORES),
    excluded,
  };
}
