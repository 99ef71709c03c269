import type { Exclusion } from '../../core/decision.js';
import type { EndpointView } from '../../core/endpoint.js';
import type { InferenceRequest } from '../../core/inference-request.js';

/** What a request was to be placed among. */
export interface Field {
  readonly members: readonly EndpointView[];
  readonly candidates: readonly EndpointView[];
  /** Ids of the only endpoints to use. */
  readonly only: readonly string[] | undefined;
}

/** Why each endpoint that is no candidate is none. */
export function exclusionsOf({ members, candidates, only }: Field, request: InferenceRequest): Exclusion[] {
  const taken = new Set(candidates);
  const exclusions: Exclusion[] = [];
  for (const member of members) {
    if (taken.has(member)) continue;
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
  return exclusions;
}
