import type { InferenceRequest } from '../../core/inference-request.js';
import type { AttemptHeaders } from '../options/attempt-headers-option.js';
import type { Logger } from '../options/logger.js';

/** The caller's headers with those of the `attemptHeaders` option, which win. A mistake in it costs no request. */
export function withAttemptHeaders(
  {
    attemptHeaders,
    logger,
  }: { readonly attemptHeaders: AttemptHeaders | undefined; readonly logger: Logger },
  caller: Readonly<Record<string, string>>,
  { request, endpoint }: { readonly request: InferenceRequest; readonly endpoint: string },
): Readonly<Record<string, string>> {
  if (attemptHeaders === undefined) return caller;
  try {
    const headers = { ...caller };
    for (const [name, value] of Object.entries(attemptHeaders(request, endpoint) ?? {}))
      headers[name.toLowerCase()] = value;
    return headers;
  } catch (err) {
    logger.error({ err }, 'attemptHeaders threw');
    return caller;
  }
}
