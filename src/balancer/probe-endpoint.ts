import type { ResponseHeaders, TransportCall, TransportHandler } from '../core/transport.js';
import type { EndpointState } from '../state/endpoint-state.js';
import { requestHeaders } from '../transport/headers.js';

/** A health check says a word or two; who talks longer than this is not waited for. */
const LONGEST_BODY = 64 * 1024;

/**
 * Asks an endpoint for its health, once, over its own connections and with its own headers.
 *
 * @param path path and query, from the root of the origin
 * @param done hears the status, or `undefined` when there was no answer; not called after the returned call's `abort`
 */
export function probeEndpoint(
  endpoint: EndpointState,
  path: string,
  done: (status: number | undefined) => void,
): TransportCall {
  const answer = new Answer(done);
  answer.call = endpoint.channel.send(
    { method: 'GET', path, headers: requestHeaders({ accept: '*/*' }, endpoint.headers), body: undefined },
    answer,
  );
  return answer.call;
}

class Answer implements TransportHandler {
  readonly #done: (status: number | undefined) => void;
  #status: number | undefined;
  #bytes = 0;
  call: TransportCall | undefined;

  constructor(done: (status: number | undefined) => void) {
    this.#done = done;
  }

  onSent(): void {}

  onHeaders(status: number, _headers: ResponseHeaders): void {
    this.#status = status;
  }

  onData(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes <= LONGEST_BODY) return;
    this.call?.abort();
    this.#done(this.#status);
  }

  // Heard out rather than cut at the headers, so that the connection can be used again.
  onEnd(): void {
    this.#done(this.#status);
  }

  onError(): void {
    this.#done(undefined);
  }
}
