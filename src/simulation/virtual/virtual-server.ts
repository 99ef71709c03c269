import type { Timer } from '../../core/clock.js';
import { Roster } from '../../core/roster.js';
import type { EndpointChannel, ResponseHeaders, TransportRequest } from '../../core/transport.js';
import { Replica } from '../replica/replica.js';
import type { ReplicaModel } from '../replica/replica-model.js';
import { Sequence } from '../replica/sequence.js';
import type { TraceRequest } from '../trace/trace.js';
import type { VirtualClock } from '../virtual-clock.js';
import { contentEvents, DONE } from './answer-bytes.js';
import { gpuPage, metricsPage } from './metrics-page.js';
import { VirtualCall, type VirtualConnection } from './virtual-call.js';

/** Names the request of the trace, so that no prompt has to be written and read. */
export const REQUEST_HEADER = 'x-simulated-request';

/** Where dcgm-exporter listens. */
const GPU_PORT = '9400';

/** How often a stream says what it has, in ms, beside its beginning and its end: clocks of idle streams see it live. */
const PROGRESS = 10_000;

const STREAM: ResponseHeaders = { 'content-type': 'text/event-stream' };
const JSON_BODY: ResponseHeaders = { 'content-type': 'application/json' };
const TEXT: ResponseHeaders = { 'content-type': 'text/plain; version=0.0.4' };

export interface ServerTerms {
  readonly clock: VirtualClock;
  readonly requests: readonly TraceRequest[];
  /** Milliseconds that a request takes to get here. */
  readonly network: number;
  /** Tokens that one event of a stream brings. */
  readonly eventTokens: number;
}

/** A replica behind an address: up, loading its model, or down. Knows chat completions, `/health` and `/metrics`; dcgm-exporter is beside it. */
export class VirtualServer {
  readonly url: string;
  readonly replica: Replica;
  readonly #terms: ServerTerms;
  readonly #calls = new Roster<VirtualCall>();
  #loaded: Timer | undefined;
  #state: 'up' | 'loading' | 'down' = 'down';
  #upSince = 0;
  #up = 0;

  constructor(url: string, model: ReplicaModel, terms: ServerTerms) {
    this.url = url;
    this.replica = new Replica(model, terms.clock);
    this.#terms = terms;
  }

  get state(): 'up' | 'loading' | 'down' {
    return this.#state;
  }

  /** Milliseconds in which it has served so far. */
  get uptime(): number {
    return this.#up + (this.#state === 'up' ? this.#terms.clock.now() - this.#upSince : 0);
  }

  /** Starts the process, unless it runs; it serves when its model is loaded. */
  start(loadTime: number, ready: () => void = () => {}): void {
    if (this.#state !== 'down') return;
    const serve = () => {
      this.#state = 'up';
      this.#upSince = this.#terms.clock.now();
      ready();
    };
    if (loadTime === 0) return serve();
    this.#state = 'loading';
    this.#loaded = this.#terms.clock.setTimer(serve, loadTime);
  }

  /** As a killed process: what is under way is reset, what comes is refused. */
  kill(): void {
    this.#loaded?.close();
    this.#up = this.uptime;
    this.#state = 'down';
    this.replica.kill();
    for (const call of this.#calls.all()) call.fail('ECONNRESET');
  }

  /**
   * A connection of one client to this server, or to what tells of its GPU.
   *
   * @param port as in a URL; the server's own is ''
   */
  open(port = ''): EndpointChannel {
    const connection: VirtualConnection = { calls: this.#calls };
    const receive = (request: TransportRequest, call: VirtualCall) =>
      port === GPU_PORT ? call.answer(200, TEXT, gpuPage(this.replica)) : this.#receive(request, call);
    return {
      send: (request, handler) => {
        const call = new VirtualCall(handler, this.#terms.clock, connection);
        call.later(() => receive(request, call), this.#terms.network);
        return call;
      },
      close: async () => {},
      destroy: async () => {
        for (const call of this.#calls.all())
          if (call.connection === connection) call.fail('UND_ERR_DESTROYED');
      },
    };
  }

  #receive({ path, headers }: TransportRequest, call: VirtualCall): void {
    // vLLM listens when its model is loaded, and not before.
    if (this.#state !== 'up') return call.fail('ECONNREFUSED');
    call.sent();
    if (path.endsWith('/health')) return call.answer(200, TEXT, '');
    if (path.endsWith('/metrics')) return call.answer(200, TEXT, metricsPage(this.replica));
    const request = this.#terms.requests[Number(headers[REQUEST_HEADER])];
    const { kvTokens, maxWaiting } = this.replica.model;
    if (request === undefined || request.prompt + request.output > kvTokens)
      return call.answer(400, JSON_BODY, '{"error":{"message":"longer than the context"}}');
    if (this.replica.waiting >= maxWaiting)
      return call.answer(503, JSON_BODY, '{"error":{"message":"the queue is full"}}');
    this.#serve(request, call);
  }

  #serve(request: TraceRequest, call: VirtualCall): void {
    const { replica } = this;
    let told = 0;
    const tell = (produced: number) => {
      if (produced > told) call.data(contentEvents(Math.ceil((produced - told) / this.#terms.eventTokens)));
      told = Math.max(told, produced);
    };
    const progress = () => {
      if (call.over) return;
      tell(replica.produced(sequence));
      call.later(progress, PROGRESS);
    };
    const sequence = new Sequence(request, {
      firstToken: () => {
        call.headers(200, STREAM);
        tell(1);
        call.later(progress, PROGRESS);
      },
      finished: () => {
        tell(request.output);
        call.data(DONE);
        call.end();
      },
      lost: () => call.fail('ECONNRESET'),
    });
    // A variable: V8 puts a function literal assigned to a property in old space, and it keeps all of the request.
    const abort = () => replica.abort(sequence);
    call.onAbort = abort;
    replica.submit(sequence);
  }
}
