import type { TraceRequest } from './trace.js';

/** Mean requests a second of a trace. */
export function requestRate(requests: readonly TraceRequest[]): number {
  const span = (requests.at(-1)?.at ?? 0) - (requests[0]?.at ?? 0);
  return span === 0 ? Number.POSITIVE_INFINITY : (1000 * (requests.length - 1)) / span;
}

/** The same requests, faster or slower, so that `rate` of them come a second. */
export function atRate(requests: readonly TraceRequest[], rate: number): readonly TraceRequest[] {
  const stretch = requestRate(requests) / rate;
  if (!Number.isFinite(stretch)) return requests;
  return requests.map((request) => ({ ...request, at: request.at * stretch }));
}
