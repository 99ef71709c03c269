import type { ServerResponse } from 'node:http';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { BodySink, ReplyBody } from '../core/exchange.js';
import { CallerSignal } from './proxy/caller-signal.js';
import { type Incoming, readIncoming } from './proxy/incoming-request.js';
import type { ProxySettings } from './proxy/proxy-options.js';
import { breakOff, endWith, writeHead } from './proxy/server-response.js';

/**
 * Sends a request of a Node server through a balancer, and the answer straight to the response: no web streams between.
 * A caller that leaves cancels it wherever it is.
 *
 * @returns when the answer has begun: nobody waits for a stream's end, and waiting would keep what began it in memory
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
  let streams = false;
  try {
    const reply = await balancer.send(readIncoming(incoming, settings, caller));
    if (response.headersSent || caller.aborted) return reply.body.cancel();
    incoming.answering?.();
    writeHead(incoming.message, response, reply);
    const { complete } = reply.body;
    streams = complete === undefined;
    if (complete !== undefined) endWith(response, complete);
    else new ResponseSink(response, reply.body, leave).begin();
  } catch (error) {
    if (!caller.aborted) throw error;
  } finally {
    if (!streams) response.off('close', leave);
  }
}

/** Pipes a body into a response, until the body has ended or failed, or the caller has left. */
class ResponseSink implements BodySink {
  readonly #response: ServerResponse;
  readonly #body: ReplyBody;
  readonly #leave: () => void;
  /** Waits for room; made when there is none, since most callers keep up. */
  #drained: (() => void) | undefined;
  #begun = false;

  /** @param leave listens for the response's end, and is taken off when the body is over */
  constructor(response: ServerResponse, body: ReplyBody, leave: () => void) {
    this.#response = response;
    this.#body = body;
    this.#leave = leave;
  }

  begin(): void {
    this.#body.pipe(this);
    // The first bytes take the headers along; without any, the headers go alone.
    if (!this.#begun && !this.#response.destroyed) this.#response.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    this.#begun = true;
    if (this.#response.write(chunk)) return true;
    if (this.#drained === undefined) {
      this.#drained = () => {
        this.#drained = undefined;
        this.#body.resume();
      };
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
    breakOff(this.#response, this.#drained !== undefined);
    this.#finish();
  }

  #finish(): void {
    if (this.#drained !== undefined) this.#response.off('drain', this.#drained);
    this.#response.off('close', this.#leave);
  }
}
