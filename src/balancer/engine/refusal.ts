import type { BalancedReply, BodySink, ReplyBody } from '../../core/exchange.js';

/** Why the balancer itself answers. */
export type RefusalCode =
  | 'no_endpoint'
  | 'queue_full'
  | 'queue_timeout'
  | 'all_cooling_off'
  | 'not_ready'
  | 'balancer_closed'
  | 'model_not_found'
  | 'connection_failed'
  | 'stream_failed'
  | 'timeout'
  | 'body_too_large'
  | 'invalid_json'
  | 'invalid_request';

const STATUS: Readonly<Record<RefusalCode, number>> = {
  no_endpoint: 503,
  queue_full: 503,
  queue_timeout: 503,
  all_cooling_off: 503,
  not_ready: 503,
  balancer_closed: 503,
  model_not_found: 404,
  connection_failed: 502,
  stream_failed: 502,
  timeout: 504,
  body_too_large: 413,
  invalid_json: 400,
  invalid_request: 400,
};

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  /** Milliseconds until it is worth asking again. */
  readonly retryAfter?: number | undefined;
  /** The endpoint tried last. */
  readonly endpoint?: string | undefined;
  readonly attempts?: number;
  /** Value of that header, where it is wanted. */
  readonly serverTiming?: string | undefined;
  /** Why the retry that might have helped was not made. */
  readonly retryDenied?: string | undefined;
}

/**
 * The balancer's own answer, in the shape of an OpenAI error. `x-should-retry: false` keeps SDKs from retrying
 * on top of us: openai and @anthropic-ai/sdk heed it.
 */
export function refusalReply(refusal: Refusal): BalancedReply {
  const status = STATUS[refusal.code];
  const error = {
    message: refusal.message,
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    param: null,
    code: refusal.code,
    ...(refusal.retryDenied === undefined ? {} : { retry_denied: refusal.retryDenied }),
  };
  const bytes = Buffer.from(JSON.stringify({ error }));
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(bytes.byteLength),
    'x-should-retry',
    'false',
    'x-evenkeel-endpoint',
    refusal.endpoint ?? 'none',
    'x-evenkeel-attempts',
    String(refusal.attempts ?? 0),
  ];
  if (refusal.serverTiming !== undefined) headers.push('server-timing', refusal.serverTiming);
  if (refusal.retryAfter !== undefined) {
    const wait = Math.ceil(refusal.retryAfter);
    headers.push('retry-after', String(Math.ceil(wait / 1000)), 'retry-after-ms', String(wait));
  }
  return { status, statusText: '', headers, body: new CompleteBody(bytes) };
}

/** A body that is all there. */
class CompleteBody implements ReplyBody {
  readonly complete: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.complete = bytes;
  }

  pipe(sink: BodySink): void {
    sink.write(this.complete);
    sink.end();
  }

  resume(): void {}

  cancel(): void {}
}
