/** Per-request wishes; they travel beside the request and are never sent to an endpoint. */
export interface RequestOverrides {
  /** Higher goes first in the queue. Default 0. */
  readonly priority?: number;
  /** Requests of one key go to one endpoint, under a policy or scorer that is sticky. */
  readonly affinityKey?: string;
  /** Ids of the only endpoints to use. Default: all. */
  readonly endpoints?: readonly string[];
  /** Replaces the balancer's clocks for this request, in ms. `connect` belongs to the balancer. */
  readonly timeouts?: Partial<Record<'firstToken' | 'response' | 'idle' | 'total', number>>;
  /** False: pass a body stream through without keeping it. One attempt only. Default true. */
  readonly bufferBody?: boolean;
  /** Whether the answer tells what it waited for, in `server-timing`. Default: the balancer's option. */
  readonly serverTiming?: boolean;
  /** Anything a custom policy wants to see as `request.policyData`. */
  readonly policyData?: unknown;
}

/**
 * Tells that the caller has left: the part of an AbortSignal that is used. A facade may bring a lighter one;
 * on Node 20 an AbortController a request costs a proxy a fifth of its time, most of it in the garbage collector.
 */
export interface CancelSignal {
  /** Whether it has been cancelled. */
  readonly aborted: boolean;
  /** Why; what waits is rejected with it. */
  readonly reason: unknown;
  /** @throws the reason, once cancelled */
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** As it can be sent: bytes, or a stream that can be sent once. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array> | undefined;

/** Still on its way from the caller; a small one may be promised as a whole. */
export type UnreadBody = AsyncIterable<Uint8Array> | Promise<Uint8Array | undefined>;

/** A request on its way through the balancer. Facades make it. */
export interface BalancedRequest {
  /** As sent: `GET`, `POST` … */
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Lower-case names. Hop-by-hop headers are removed on the way out. */
  readonly headers: Record<string, string>;
  /** Bytes, or a stream that is read into memory first unless `bufferBody` is false. */
  readonly body: RequestBody | UnreadBody;
  /** Cancels the request wherever it is. */
  readonly signal: CancelSignal | undefined;
  /** The caller's, for policies that are sticky by it. */
  readonly clientAddress?: string | undefined;
  /** What this request wants otherwise than the options say. */
  readonly overrides?: RequestOverrides | undefined;
}

/** Takes a body as it comes. */
export interface BodySink {
  /** False asks for a pause; `ReplyBody.resume` ends it. */
  write(chunk: Uint8Array): boolean;
  /** The body is whole. */
  end(): void;
  /** The body broke off: never to be mistaken for an end. */
  fail(error: Error): void;
}

/** The body of a reply, not yet asked for. Exactly one of `pipe` and `cancel` must be called. */
export interface ReplyBody {
  /** The whole body, where it had arrived when the reply was made; `undefined` for one that streams. */
  readonly complete: Uint8Array | undefined;
  /** Hands the body to a sink. Once only. */
  pipe(sink: BodySink): void;
  /** Ready for more after `write` returned false. */
  resume(): void;
  /** The reader is gone (`abandoned`: without a word): frees the endpoint and closes its connection. */
  cancel(reason?: 'caller-left' | 'abandoned'): void;
}

/** What a balancer answers. Header names are in lower case; a name may occur several times. */
export interface BalancedReply {
  /** 200 to 999; the endpoint's, or that of the balancer's own answer. */
  readonly status: number;
  /** The reason phrase; may be empty. */
  readonly statusText: string;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  /** To be piped or cancelled: until then it holds a place at its endpoint. */
  readonly body: ReplyBody;
}
