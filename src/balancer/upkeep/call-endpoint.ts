import type { ResponseHeaders, TransportCall, TransportHandler } from '../../core/transport.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import { requestHeaders } from '../../transport/headers.js';

/** A call of the balancer's own: its health, its models, its sleep. */
export interface EndpointCall {
  readonly method: 'GET' | 'POST';
  /** Path and query, from the root of the origin. */
  readonly path: string;
  /** JSON, for POST. */
  readonly body?: string;
  /** Who answers with more bytes than this is not heard out. */
  readonly longest: number;
}

export interface EndpointAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Calls an endpoint beside its requests, over its own connections and with its own headers. Not counted, not retried.
 *
 * @param done hears the answer, or `undefined` when there was none; not called after the returned call's `abort`
 */
export function callEndpoint(
  endpoint: EndpointState,
  { method, path, body, longest }: EndpointCall,
  done: (answer: EndpointAnswer | undefined) => void,
): TransportCall {
  const answer = new Answer(longest, done);
  const headers: Record<string, string> = { accept: '*/*' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  answer.call = endpoint.channel.send(
    {
      method,
      path,
      headers: requestHeaders(headers, endpoint.headers),
      body: body === undefined ? undefined : Buffer.from(body),
    },
    answer,
  );
  return answer.call;
}

class Answer implements TransportHandler {
  readonly #longest: number;
  readonly #done: (answer: EndpointAnswer | undefined) => void;
  #status = 0;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  call: TransportCall | undefined;

  constructor(longest: number, done: (answer: EndpointAnswer | undefined) => void) {
    this.#longest = longest;
    this.#done = done;
  }

  onSent(): void {}

  onHeaders(status: number, _headers: ResponseHeaders): void {
    this.#status = status;
  }

  onData(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    if (this.#bytes <= this.#longest) return;
    this.call?.abort();
    this.onEnd();
  }

  // Heard out rather than cut at the headers, so that the connection can be used again.
  onEnd(): void {
    this.#done({ status: this.#status, text: Buffer.concat(this.#chunks).toString('utf8') });
  }

  onError(): void {
    this.#done(undefined);
  }
}
