import type { BalancedReply, BodySink, ReplyBody } from '../../core/exchange.js';
import { bufferedResponse } from './buffered-response.js';

/** Bytes read ahead of the reader: enough to see the end of a short stream that nobody reads to its end. */
const READ_AHEAD = 64 * 1024;
const NULL_BODY_STATUS = new Set([204, 205, 304]);

/** The last net: a Response that was thrown away while its stream ran. */
const abandoned = new FinalizationRegistry<{ body: ReplyBody; stream: WeakRef<ReadableStream> }>(
  ({ body, stream }) => {
    // A stream that is locked has a reader of its own, which may outlive the Response.
    if (stream.deref()?.locked !== true) body.cancel('abandoned');
  },
);

/** A reply as a standard global Response. A body that has all arrived is handed over as bytes, any other as a stream. */
export function toResponse(reply: BalancedReply): Response {
  const { body, status } = reply;
  // A Response knows statuses 200 to 599; HTTP allows three digits.
  const init = { status: status > 599 ? 502 : status, statusText: printable(reply.statusText) };
  if (NULL_BODY_STATUS.has(status)) {
    body.cancel();
    return withHeaders(new Response(null, init), reply);
  }
  const { complete } = body;
  if (complete !== undefined) return withHeaders(bufferedResponse(complete, init), reply);
  const stream = new ReadableStream<Uint8Array>(new StreamSink(body), {
    highWaterMark: READ_AHEAD,
    size: byteLength,
  });
  const response = withHeaders(new Response(stream, init), reply);
  abandoned.register(response, { body, stream: new WeakRef(stream) });
  return response;
}

/**
 * One by one, since a Response that is given a Headers reads it all out again. Set and not appended, since some
 * servers' Response brings a content type of its own.
 */
function withHeaders(response: Response, { headers }: BalancedReply): Response {
  const { headers: list } = response;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    try {
      // Values of one name stand side by side.
      if (name === headers[index - 2]) list.append(name, value);
      else list.set(name, value);
    } catch {
      // HTTP allows bytes in a value that Headers does not; one odd header must not cost the answer.
    }
  }
  return response;
}

class StreamSink implements BodySink {
  readonly #body: ReplyBody;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(body: ReplyBody) {
    this.#body = body;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#body.pipe(this);
  }

  pull(): void {
    this.#body.resume();
  }

  cancel(): void {
    this.#body.cancel();
  }

  write(chunk: Uint8Array): boolean {
    this.#controller?.enqueue(chunk);
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  end(): void {
    this.#controller?.close();
  }

  fail(error: Error): void {
    this.#controller?.error(error);
  }
}

function byteLength(chunk: Uint8Array): number {
  return chunk.byteLength;
}

function printable(text: string): string {
  return /^[\t\x20-\x7e]*$/.test(text) ? text : '';
}
