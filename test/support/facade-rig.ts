import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { LoadBalancer, type LoadBalancerOptions } from 'evenkeel';
import { expect } from 'vitest';

/** A Node server on 127.0.0.1. */
export class Site implements AsyncDisposable {
  readonly #server: Server;

  static async open(listener: RequestListener): Promise<Site> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Site(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** What an endpoint was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Answer = (response: ServerResponse, asked: Asked) => void;

/** An endpoint that answers as the test says, and the balancer before it. */
export class FacadeRig implements AsyncDisposable {
  readonly asked: Asked[] = [];
  answer: Answer = (response) => json(response, { ok: true });
  readonly balancer: LoadBalancer;
  readonly #site: Site;

  static async open(options: Omit<LoadBalancerOptions, 'endpoints'> & { maxOutstanding?: number } = {}) {
    const { maxOutstanding, ...rest } = options;
    let rig: FacadeRig | undefined;
    const site = await Site.open((incoming, response) => void rig?.accept(incoming, response));
    rig = new FacadeRig(
      site,
      new LoadBalancer({ endpoints: [{ url: site.url, id: 'a', maxOutstanding }], retry: false, ...rest }),
    );
    return rig;
  }

  private constructor(site: Site, balancer: LoadBalancer) {
    this.#site = site;
    this.balancer = balancer;
  }

  async accept(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const asked = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
      body,
    };
    this.asked.push(asked);
    this.answer(response, asked);
  }

  /** The next request's response object, once the endpoint has the request. */
  nextResponse(): Promise<ServerResponse> {
    return new Promise((resolve) => {
      this.answer = resolve;
    });
  }

  /** After every test: nothing outstanding, nothing queued. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { outstanding, queued } = this.balancer.snapshot();
    await this.balancer.close();
    await this.#site[Symbol.asyncDispose]();
    expect({ outstanding, queued }).toEqual({ outstanding: 0, queued: 0 });
  }
}

/** Resolves when the balancer holds no request any more. */
export async function idle(balancer: LoadBalancer): Promise<void> {
  while (balancer.snapshot().outstanding + balancer.snapshot().queued > 0) {
    await new Promise<void>((resolve) => {
      const stop = balancer.observe(({ type }) => {
        if (type !== 'request-finished') return;
        stop();
        setImmediate(resolve);
      });
    });
  }
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Begins an event stream, with its first event. */
export function beginStream(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  response.write(event('one'));
}

/** A chat completion chunk. */
export function event(content: string): string {
  const chunk = { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

interface CallOptions {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

/** A request as plain node:http makes it, and its answer as it comes. */
export class Call {
  readonly request: ReturnType<typeof request>;
  readonly head: Promise<IncomingMessage>;
  text = '';
  ended = false;
  /** Resolves when the answer is over, however it ended. */
  readonly over: Promise<void>;
  #moved: () => void = () => {};

  constructor(url: string, { method, headers, body }: CallOptions = {}) {
    this.request = request(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      agent: false,
    });
    this.request.on('error', () => this.#moved());
    this.head = new Promise((resolve) => {
      this.request.on('response', (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          this.text += chunk;
          this.#moved();
        });
        response.on('end', () => {
          this.ended = response.complete;
        });
        response.on('error', () => {});
        resolve(response);
      });
    });
    this.over = new Promise((resolve) => {
      this.request.on('close', resolve);
    });
    this.request.end(body);
  }

  /** Resolves when what has come contains `part`. */
  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) await new Promise<void>((resolve) => (this.#moved = resolve));
  }

  leave(): void {
    this.request.destroy();
  }
}

/** The whole answer. */
export async function fetchAll(url: string, options: CallOptions = {}) {
  const call = new Call(url, options);
  const head = await call.head;
  await call.over;
  return {
    status: head.statusCode ?? 0,
    headers: head.headers,
    rawHeaders: head.rawHeaders,
    text: call.text,
    ended: call.ended,
  };
}

export const CHAT = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
export const CHAT_STREAM = JSON.stringify({ model: 'm', stream: true, messages: [] });
