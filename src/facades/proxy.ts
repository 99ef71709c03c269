import type { ServerResponse } from 'node:http';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { BodySink, ReplyBody } from '../core/exchange.js';
import { CallerSignal } from './caller-signal.js';
import { type Incoming, readIncoming } from './incoming-request.js';
import type { ProxySettings } from './proxy-options.js';
import { breakOff, endWith, writeHead } from './server-response.js';

/**
 * Sends a request of a Node server through a balancer, and the answer straight to the response: no web streams between.
 * A caller that leaves cancels it wherever it is.
 *
 * @throws what the user's `headers` and `overrides` throw; EvenkeelError `BODY_UNREADABLE`
 */
export async function proxy<Known>(
  balancer: Pick<LoadBalancer, 'send'>,
  incoming: Incoming<Known>,
  response: ServerResponse,
  settings: ProxySettings<Known>,
): Promise<void> {
  // The caller may have left while other middleware was at work; then `close` will not come again.
  if (response.destroyed || response.closed) return;
  const caller = new CallerSignal();
  const leave = () => caller.abort();
  response.on('close', leave);
  try {
    const reply = await balancer.send(readIncoming(incoming, settings, caller));
    if (response.headersSent || caller.aborted) return reply.body.cancel();
    incoming.answering?.();
    writeHead(incoming.message, response, reply);
    const { complete } = reply.body;
    if (complete !== undefined) endWith(response, complete);
    else await new ResponseSink(response, reply.body).whenOver();
  } catch (error) {
    if (!caller.aborted) throw error;
  } finally {
    response.off('close', leave);
  }
}

/** Pipes a body into a response. Over when the body has ended or failed, or the caller has left. */
class ResponseSink implements BodySink {
  readonly #response: ServerResponse;
  readonly #body: ReplyBody;
  readonly #resume = () => this.#body.resume();
  #over: () => void = () => {};
  #begun = false;
  #blocked = false;

  constructor(response: ServerResponse, body: ReplyBody) {
    this.#response = response;
    this.#body = body;
  }

  whenOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#over = resolve;
      this.#body.pipe(this);
      // The first bytes take the headers along; without any, the headers go alone.
      if (!this.#begun && !this.#response.destroyed) this.#response.flushHeaders();
    });
  }

  write(chunk: Uint8Array): boolean {
    this.#begun = true;
    if (this.#response.write(chunk)) return true;
    if (!this.#blocked) {
      this.#blocked = true;
      this.#response.once('drain', this.#drained);
    }
    return false;
  }

  end(): void {
    this.#begun = true;
    this.#response.end();
    this.#finish();
  }

  /** The caller must see a broken answer, never one that ends. */
  fail(): void {
    breakOff(this.#response, this.#blocked);
    this.#finish();
  }

  readonly #drained = (): void => {
    this.#blocked = false;
    this.#resume();
  };

  #finish(): void {
    this.#response.off('drain', this.#drained);
    this.#over();
  }
}
