import type { EndpointView } from '../core/endpoint.js';

/** An endpoint view whose figures can be set at will. */
export type FakeEndpoint = { -readonly [Field in keyof EndpointView]: EndpointView[Field] };

/**
 * A healthy, idle endpoint for tests of policies: weight 1, tier 0, no limit, no latency known, every model served.
 *
 * @param id also makes the url, `http://<id>.test`
 * @param fields what differs
 */
export function fakeEndpoint(id: string, fields: Partial<EndpointView> = {}): FakeEndpoint {
  return {
    id,
    url: `http://${id}.test`,
    weight: 1,
    tier: 0,
    outstanding: 0,
    maxOutstanding: Number.POSITIVE_INFINITY,
    available: true,
    state: 'healthy',
    slowStart: 1,
    latency: { firstToken: undefined, response: undefined, tokenInterval: undefined },
    pendingPrompt: 0,
    prefillRate: undefined,
    load: undefined,
    labels: {},
    quotaGroup: undefined,
    servedModel: (model) => model,
    ...fields,
  };
}
