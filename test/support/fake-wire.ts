import type {
  EndpointChannel,
  OpenChannel,
  ResponseHeaders,
  TransportCall,
  TransportHandler,
  TransportRequest,
} from '../../src/core/transport.js';

export const EVENT_STREAM: ResponseHeaders = { 'content-type': 'text/event-stream' };
export const JSON_BODY: ResponseHeaders = { 'content-type': 'application/json' };
export const TOKEN = 'data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":"x"}}]}\n\n';
export const DONE = 'data: [DONE]\n\n';

/** One attempt, whose server is the test. A call that is over is deaf and dumb, as the real ones are. */
export class FakeCall implements TransportCall {
  readonly request: TransportRequest;
  readonly url: string;
  readonly #handler: TransportHandler;
  phase: 'connecting' | 'sent' | 'answering' | 'over' = 'connecting';
  paused = false;
  aborted = false;
  onOver: () => void = () => {};

  constructor(url: string, request: TransportRequest, handler: TransportHandler) {
    this.url = url;
    this.request = request;
    this.#handler = handler;
  }

  get over(): boolean {
    return this.phase === 'over';
  }

  // --- what the balancer asks

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  abort(): void {
    if (this.over) return;
    this.aborted = true;
    this.#end();
  }

  // --- what the server does

  sent(reused = false): this {
    if (this.phase === 'connecting') {
      this.phase = 'sent';
      this.#handler.onSent(reused);
    }
    return this;
  }

  headers(status = 200, headers: ResponseHeaders = EVENT_STREAM): this {
    this.sent();
    if (this.phase === 'sent') {
      this.phase = 'answering';
      this.#handler.onHeaders(status, headers, '');
    }
    return this;
  }

  data(text: string): this {
    if (this.phase === 'answering') this.#handler.onData(Buffer.from(text));
    return this;
  }

  end(): void {
    if (this.phase !== 'answering') return;
    this.#end();
    this.#handler.onEnd();
  }

  fail(code = 'ECONNRESET'): void {
    if (this.over) return;
    this.#end();
    this.#handler.onError(Object.assign(new Error(`wire: ${code}`), { code }));
  }

  // --- whole answers, where none has begun

  stream(tokens = 1): void {
    if (this.phase === 'answering') return;
    this.headers();
    for (let token = 0; token < tokens; token++) this.data(TOKEN);
    this.data(DONE).end();
  }

  status(status: number, headers: ResponseHeaders = {}): void {
    if (this.phase === 'answering') return;
    this.headers(status, { ...JSON_BODY, ...headers })
      .data('{"error":{"message":"no"}}')
      .end();
  }

  json(): void {
    if (this.phase === 'answering') return;
    this.headers(200, JSON_BODY).data('{"ok":true}').end();
  }

  #end(): void {
    this.phase = 'over';
    this.onOver();
  }
}

/** Stands in for undici: every attempt of every endpoint, in the order in which they were sent. */
export class FakeWire {
  readonly calls: FakeCall[] = [];
  readonly channels: FakeChannel[] = [];

  readonly open: OpenChannel = (url) => {
    const channel = new FakeChannel(url, this.calls);
    this.channels.push(channel);
    return channel;
  };

  get live(): FakeCall[] {
    return this.calls.filter((call) => !call.over);
  }

  /** The latest attempt. */
  get last(): FakeCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('Nothing has been sent');
    return call;
  }

  to(url: string): FakeCall[] {
    return this.calls.filter((call) => call.url === url);
  }
}

class FakeChannel implements EndpointChannel {
  readonly #url: string;
  readonly #all: FakeCall[];
  readonly #live = new Set<FakeCall>();
  #drained: () => void = () => {};
  closed = false;

  constructor(url: string, all: FakeCall[]) {
    this.#url = url;
    this.#all = all;
  }

  send(request: TransportRequest, handler: TransportHandler): TransportCall {
    const call = new FakeCall(this.#url, request, handler);
    this.#live.add(call);
    this.#all.push(call);
    call.onOver = () => {
      this.#live.delete(call);
      if (this.#live.size === 0) this.#drained();
    };
    return call;
  }

  async close(): Promise<void> {
    if (this.#live.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.closed = true;
  }

  async destroy(): Promise<void> {
    for (const call of [...this.#live]) call.fail('UND_ERR_DESTROYED');
    this.closed = true;
  }
}
