import type {
  EndpointChannel,
  ResponseHeaders,
  TransportCall,
  TransportHandler,
} from '../../core/transport.js';
import { requestHeaders } from '../../transport/headers.js';

/** A vLLM with many engines says some 500 KiB; more than this is something else. */
const LONGEST_PAGE = 8 * 1024 * 1024;

export type PageResult =
  | { readonly text: string }
  /** Why there is none, for people. */
  | { readonly problem: string };

/**
 * Gets a page as text, once.
 *
 * @param headers what the server is sent beside the usual ones: its key
 * @param done not called after the returned call's `abort`
 */
export function readPage(
  channel: EndpointChannel,
  page: { readonly path: string; readonly headers: Readonly<Record<string, string>> | undefined },
  done: (result: PageResult) => void,
): TransportCall {
  const answer = new Answer(done);
  answer.call = channel.send(
    {
      method: 'GET',
      path: page.path,
      headers: requestHeaders({ accept: 'text/plain;version=0.0.4, */*;q=0.5' }, page.headers),
      body: undefined,
    },
    answer,
  );
  return answer.call;
}

class Answer implements TransportHandler {
  readonly #done: (result: PageResult) => void;
  readonly #decoder = new TextDecoder();
  #text = '';
  #bytes = 0;
  #status = 0;
  call: TransportCall | undefined;

  constructor(done: (result: PageResult) => void) {
    this.#done = done;
  }

  onSent(): void {}

  onHeaders(status: number, _headers: ResponseHeaders): void {
    this.#status = status;
  }

  onData(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#status === 200) this.#text += this.#decoder.decode(chunk, { stream: true });
    if (this.#bytes <= LONGEST_PAGE) return;
    this.call?.abort();
    this.#done({ problem: `the page is longer than ${LONGEST_PAGE} bytes` });
  }

  onEnd(): void {
    this.#done(this.#status === 200 ? { text: this.#text } : { problem: `status ${this.#status}` });
  }

  onError(error: Error): void {
    this.#done({ problem: error.message });
  }
}
