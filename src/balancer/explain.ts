import type { EndpointStateName, EndpointView } from '../core/endpoint.js';
import type { InferenceRequest } from '../core/inference-request.js';
import type { PolicyExplanation } from '../core/policy.js';
import type { Engine } from './engine.js';

/** What is to be explained; everything has a default. */
export type ExplainedRequest = Partial<Omit<InferenceRequest, 'attempt'>> & {
  /** Ids of the only endpoints to use. */
  readonly endpoints?: readonly string[];
};

/** Why an endpoint could not take the request. */
export interface Exclusion {
  readonly endpoint: string;
  readonly reason:
    | EndpointStateName
    | 'weight-0'
    | 'model-not-served'
    | 'full'
    | 'not-asked-for'
    | 'higher-tier'
    /** Its tier is partly down and passed this request on, by chance. */
    | 'lower-tier'
    | 'tried';
}

export interface Explanation {
  readonly policy: string;
  /** What the policy would choose now; `undefined` when there is no candidate. A random choice may differ the next time. */
  readonly choice: string | undefined;
  readonly candidates: readonly string[];
  readonly scores: readonly PolicyExplanation[];
  readonly exclusions: readonly Exclusion[];
  /** How the candidates were found, or why there are none. */
  readonly availability: string;
}

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
  const ids = candidates.map((candidate) => candidate.id);
  const exclusions: Exclusion[] = [];
  for (const member of engine.endpoints.members) {
    if (ids.includes(member.id)) continue;
    const reason =
      only !== undefined && !only.includes(member.id)
        ? 'not-asked-for'
        : member.weight === 0
          ? 'weight-0'
          : request.model !== undefined && member.servedModel(request.model) === undefined
            ? 'model-not-served'
            : member.state !== 'healthy'
              ? member.state
              : member.outstanding >= member.maxOutstanding
                ? 'full'
                : request.tried.includes(member.id)
                  ? 'tried'
                  : member.tier < (candidates[0]?.tier ?? 0)
                    ? 'lower-tier'
                    : 'higher-tier';
    exclusions.push({ endpoint: member.id, reason });
  }
  return {
    policy: policy.name,
    ...explainChoice(engine, candidates, request),
    candidates: ids,
    exclusions,
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
