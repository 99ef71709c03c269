import type { InferenceRequest } from '../core/inference-request.js';

/** Labels of an exemplar; `undefined` for none. */
export type ExemplarLabels = (request: InferenceRequest) => Readonly<Record<string, string>> | undefined;

/** https://www.w3.org/TR/trace-context/#traceparent-header; the last two digits are flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})/;

/** The trace that the caller is in. One that is not sampled leads nowhere, so it is left out. */
export const traceExemplar: ExemplarLabels = ({ headers }) => {
  const [, trace, flags = '0'] = TRACEPARENT.exec(headers.traceparent ?? '') ?? [];
  return trace !== undefined && Number.parseInt(flags, 16) & 1 ? { trace_id: trace } : undefined;
};
