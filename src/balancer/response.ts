import type { BalancedReply, BodySink, ReplyBody } from '../core/exchange.js';
import { BufferedResponse } from './buffered-response.js';

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
  const { body } = reply;
  const init = responseInit(reply);
  if (NULL_BODY_STATUS.has(reply.status)) {
    body.cancel();
    return new Response(null, init);
  }
  if (body.complete !== undefined) return new BufferedResponse(body.complete, init);
  const stream = new ReadableStream<Uint8Array>(new StreamSink(body), {
    highWaterMark: READ_AHEAD,
    size: byteLength,
  });
  const response = new Response(stream, init);
  abandoned.register(response, { body, stream: new WeakRef(stream) });
  return response;
}

function responseInit({ status, statusText, headers }: BalancedReply): ResponseInit {
  const list = new Headers();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    try {
      list.append(headers[index] ?? '', headers[index + 1] ?? '');
    } catch {
      // HTTP allows bytes in a value that Headers does not; one odd header must not cost the answer.
    }
  }
  // A Response knows statuses 200 to 599; HTTP allows three digits.
  return { status: status > 599 ? 502 : status, statusText: printable(statusText), headers: list };
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
