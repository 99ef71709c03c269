import type { InferenceRequest } from '../core/inference-request.js';

/**
 * A streaming chat request as a policy sees it, first attempt, no affinity key.
 *
 * @param fields what differs
 */
export function fakeRequest(fields: Partial<InferenceRequest> = {}): InferenceRequest {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    model: 'llama-3.1-8b',
    streaming: true,
    promptTokens: 100,
    maxTokens: undefined,
    affinityKey: undefined,
    clientAddress: undefined,
    priority: 0,
    attempt: 1,
    tried: [],
    headers: {},
    policyData: undefined,
    ...fields,
  };
}
