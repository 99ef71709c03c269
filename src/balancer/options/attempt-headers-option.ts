import type { InferenceRequest } from '../../core/inference-request.js';

/** Makes headers for one attempt; `request.attempt` is its number. */
export type AttemptHeaders = (
  request: InferenceRequest,
  endpoint: string,
) => Readonly<Record<string, string>> | undefined;
