import { once } from 'node:events';
import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';

/** How a call ended, as plain node:http saw it. */
export interface RawAnswer {
  /** `undefined` when no headers came. */
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Whether the body came to a proper end. */
  readonly complete: boolean;
  /** The error's code, where there was one. */
  readonly error: string | undefined;
}

/** One HTTP call on a connection of its own, with nothing between the test and the wire. */
export class RawCall {
  /** What has come so far. */
  text = '';
  readonly answer: Promise<RawAnswer>;
  readonly #request: ClientRequest;
  #received: () => void = () => {};
  #headed = false;

  constructor(url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.#request = request(url, { method: body === undefined ? 'GET' : 'POST', agent: false, headers });
    this.answer = this.#read();
    this.#request.end(
      typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body),
    );
  }

  /** Resolves when the headers are there. */
  async headers(): Promise<void> {
    if (!this.#headed) await once(this.#request, 'response');
  }

  /** Resolves when what has come so far contains `part`. */
  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) await new Promise<void>((resolve) => (this.#received = resolve));
  }

  /** Leaves without a word. */
  leave(): void {
    this.#request.destroy();
  }

  #read(): Promise<RawAnswer> {
    return new Promise((resolve) => {
      let status: number | undefined;
      let headers: IncomingHttpHeaders = {};
      let complete = false;
      let error: string | undefined;
      const note = (problem: Error) => {
        error ??= (problem as NodeJS.ErrnoException).code ?? problem.message;
      };
      this.#request.on('error', note);
      this.#request.on('response', (response) => {
        this.#headed = true;
        status = response.statusCode;
        headers = response.headers;
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          this.text += chunk;
          this.#received();
        });
        response.on('error', note);
        response.on('end', () => {
          complete = response.complete;
        });
        response.on('close', () => end());
      });
      const end = () => resolve({ status, headers, text: this.text, complete, error });
      // The request closes before its response does.
      this.#request.on('close', () => this.#headed || end());
    });
  }
}

export function get(url: string): Promise<RawAnswer> {
  return new RawCall(url).answer;
}

export function post(url: string, body: unknown): Promise<RawAnswer> {
  return new RawCall(url, body).answer;
}

/** The JSON of each `data:` line of an SSE stream, `[DONE]` as it is. */
export function sseData(text: string): unknown[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) =>
    data === '[DONE]' ? data : JSON.parse(data),
  );
}
