import type { SelectionDecision } from '../../core/decision.js';
import type { InferenceRequest } from '../../core/inference-request.js';
import type { CandidateScore, SelectionContext, SelectionPolicy } from '../../core/policy.js';
import type { Logger } from '../options/logger.js';
import { exclusionsOf, type Field } from './exclusions.js';

type DecisionListener = (decision: SelectionDecision) => void;

/** Those who want the next choice explained. To explain one costs more than to make it, so each asks again for another. */
export class Decisions {
  #listeners: readonly DecisionListener[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Ask before explaining. */
  get wanted(): boolean {
    return this.#listeners.length > 0;
  }

  next(listener: DecisionListener): () => void {
    const own: DecisionListener = (decision) => listener(decision);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== own);
    };
  }

  /** Tells everybody, once. */
  tell(decision: SelectionDecision): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) {
      try {
        listener(decision);
      } catch (err) {
        this.#logger.error({ err }, 'whoever asked for a decision threw');
      }
    }
  }
}

interface Place {
  readonly field: Field;
  readonly context: SelectionContext;
  /** How the candidates were found, or why there are none. */
  readonly availability: string;
}

/** Explains a choice that is about to be made. The policy is not asked to choose; `choice` is for the caller to add. */
export function explainPlace(
  policy: SelectionPolicy,
  { field, context, availability }: Place,
  request: InferenceRequest,
): SelectionDecision {
  const { model, streaming, promptTokens } = request;
  const { candidates } = field;
  return {
    policy: policy.name,
    choice: undefined,
    candidates: candidates.map((candidate) => candidate.id),
    // A policy may rely on having a candidate.
    scores: candidates.length === 0 ? [] : scoresOf(() => policy.explain?.(candidates, request, context)),
    exclusions: exclusionsOf(field, request),
    availability,
    model,
    streaming,
    promptTokens,
    attempt: request.attempt,
  };
}

/** None where the policy's own explanation fails: that must not cost the request. */
function scoresOf(explain: () => readonly CandidateScore[] | undefined): readonly CandidateScore[] {
  try {
    return explain() ?? [];
  } catch {
    return [];
  }
}
