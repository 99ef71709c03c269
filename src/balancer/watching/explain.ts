import type { Explanation } from '../../core/decision.js';
import type { EndpointView } from '../../core/endpoint.js';
import type { InferenceRequest } from '../../core/inference-request.js';
import type { Engine } from '../engine/engine.js';
import { exclusionsOf } from '../engine/exclusions.js';

/** What is to be explained; everything has a default. */
export type ExplainedRequest = Partial<Omit<InferenceRequest, 'attempt'>> & {
  /** Ids of the only endpoints to use. */
  readonly endpoints?: readonly string[];
};

export function explain(engine: Engine, asked: ExplainedRequest): Explanation {
  const { endpoints: only, ...known } = asked;
  const request: InferenceRequest = {
    ...BLANK,
    ...known,
    // A request out of an event does not hold them as fields of its own.
    path: asked.path ?? BLANK.path,
    headers: asked.headers ?? {},
    affinityKey: asked.affinityKey,
    policyData: asked.policyData,
  };
  const { policy } = engine.options;
  const found = engine.endpoints.find(request, only);
  const candidates = found.kind === 'ready' ? found.candidates : [];
  return {
    policy: policy.name,
    ...explainChoice(engine, candidates, request),
    candidates: candidates.map((candidate) => candidate.id),
    exclusions: exclusionsOf({ members: engine.endpoints.members, candidates, only }, request),
    availability: found.kind,
  };
}

/** A policy may rely on having a candidate. */
function explainChoice(
  { options: { policy }, context }: Engine,
  candidates: readonly EndpointView[],
  request: InferenceRequest,
): Pick<Explanation, 'choice' | 'scores'> {
  if (candidates.length === 0) return { choice: undefined, scores: [] };
  return {
    choice: policy.select(candidates, request, context)?.id,
    scores: policy.explain?.(candidates, request, context) ?? [],
  };
}

const BLANK: InferenceRequest = {
  method: 'POST',
  path: '/v1/chat/completions',
  model: undefined,
  streaming: true,
  promptTokens: 0,
  maxTokens: undefined,
  affinityKey: undefined,
  clientAddress: undefined,
  priority: 0,
  attempt: 1,
  tried: [],
  headers: {},
  policyData: undefined,
};
