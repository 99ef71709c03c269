/** The error an `error-event` carries. */
export interface MockError {
  /** As an endpoint would write it. */
  readonly message: string;
  /** Default `internal_server_error`. */
  readonly type?: string;
  /** As an endpoint would write it. */
  readonly code?: string | number;
}

/**
 * What can go wrong with one request. Where a fault counts tokens, `after: 0` falls on the moment of
 * the first token (opening events such as the role chunk are sent), and a count beyond the answer's
 * length on the moment between the last token and the end.
 *
 * "Plain answer" says what the fault means for a request that does not stream.
 */
export type RequestFault = {
  /**
   * Also for paths that are no inference: `/health`, `/metrics`, `/v1/models`. Default false.
   * Faults that count tokens, `comments-only` and `slow` do nothing there.
   */
  readonly everywhere?: boolean;
} & (
  | {
      /** The connection is reset (RST) before any byte of the answer. Plain answer: the same. */
      readonly kind: 'reset-before-headers';
    }
  | {
      /** Status 200 and headers, then RST. Plain answer: the same. */
      readonly kind: 'reset-after-headers';
    }
  | {
      /** Answers with this status. `body`: a string as it is, anything else as JSON; default an error. */
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  | {
      /** Takes the request, never answers. Plain answer: the same. */
      readonly kind: 'hang';
    }
  | {
      /** Status 200 and headers, then nothing. Plain answer: the same. */
      readonly kind: 'hang-after-headers';
    }
  | {
      /** Goes silent after `after` tokens. Plain answer: half of the body, then silence. */
      readonly kind: 'stall';
      readonly after: number;
    }
  | {
      /**
       * As `stall`, with an SSE comment every `interval` ms (default 1000), the first at once.
       * Plain answer, and NDJSON: blank lines, as some servers send to keep a connection open.
       */
      readonly kind: 'stall-with-comments';
      readonly after: number;
      readonly interval?: number;
    }
  | {
      /** The connection closes after `after` tokens. Plain answer: half of the body, then closed. */
      readonly kind: 'cut';
      readonly after: number;
    }
  | {
      /** Ends cleanly, without finish reason and terminator. Plain answer: half of the body, cleanly ended. */
      readonly kind: 'end-early';
      readonly after: number;
    }
  | {
      /** One event of broken JSON, then goes on. Plain answer: broken JSON of status 200. */
      readonly kind: 'malformed';
      readonly after: number;
    }
  | {
      /** An error in the protocol's own form, then the end. Plain answer: an error body of status 200. */
      readonly kind: 'error-event';
      readonly after: number;
      readonly error?: MockError;
    }
  | {
      /**
       * The engine gives up after `after` tokens: finish reason `abort`, then the terminator, as vLLM and SGLang send
       * them. Plain answer: that finish reason. Protocols that have none: `end-early`.
       */
      readonly kind: 'abort';
      readonly after: number;
    }
  | {
      /**
       * `count` (3) SSE comments instead of the first token, `interval` (10) ms apart, then as `next` says:
       * `hang` (default), `end` the stream, `cut` the connection or `answer` as if nothing had been.
       * Plain answer: blank lines before the body.
       */
      readonly kind: 'comments-only';
      readonly count?: number;
      readonly interval?: number;
      readonly next?: 'hang' | 'end' | 'cut' | 'answer';
    }
  | {
      /** Waits `interval` ms before each token but the first. Plain answer: late by as much in sum. */
      readonly kind: 'slow';
      readonly interval: number;
    }
  | {
      /** Bytes that are not HTTP, then closed. Plain answer: the same. */
      readonly kind: 'garbage';
    }
  | {
      /** Status 200 and the right content type, over a body that is HTML. Plain answer: the same. */
      readonly kind: 'garbage-body';
    }
  | {
      /** `content-length` promises more than comes before the connection closes. */
      readonly kind: 'short-body';
    }
);

/** What can go wrong with the server. `refuse` closes its listener and idle connections while it is set. */
export type MockFault = RequestFault | { readonly kind: 'refuse' };

export type RequestFaultOf<Kind extends RequestFault['kind']> = Extract<
  RequestFault,
  { readonly kind: Kind }
>;

export const DEFAULT_ERROR: MockError = { message: 'The engine failed', type: 'internal_server_error' };
