import { streamAnswer, wholeAnswer } from './answer.js';
import { anthropicMessages } from './anthropic-messages.js';
import type { TextRest } from './completion-text.js';
import type { Exchange } from './exchange.js';
import type { MockError } from './fault.js';
import { faultBeforeAnswer } from './fault-before-answer.js';
import { metricsText } from './metrics-text.js';
import { ollamaChat, ollamaGenerate } from './ollama.js';
import { openAiChat } from './openai-chat.js';
import { openAiCompletions } from './openai-completions.js';
import { openAiEmbeddings } from './openai-embeddings.js';
import { openAiResponses } from './openai-responses.js';
import type { MockSettings } from './options.js';
import { asObject, type Completion, type InferenceCall, openAiError, type Protocol } from './protocol.js';
import type { ServiceModel } from './service-model.js';

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map(
  [
    openAiChat,
    openAiCompletions,
    openAiResponses,
    openAiEmbeddings,
    anthropicMessages,
    ollamaChat,
    ollamaGenerate,
  ].map((protocol) => [protocol.path, protocol]),
);

/** Requests that ask about the server, not of it. */
export function isProbe({ method, path }: { method: string; path: string }): boolean {
  return method === 'GET' && (path === '/health' || path === '/metrics');
}

/** A request that is understood and waits for its fault to be known. */
export interface Routed {
  readonly inference: boolean;
  send(healthy: boolean): void;
}

/** Finds the answer to a request. */
export class Router {
  readonly #settings: MockSettings;
  readonly #service: ServiceModel;
  readonly #headers: Readonly<Record<string, string>>;
  #served = 0;

  constructor(settings: MockSettings, service: ServiceModel) {
    this.#settings = settings;
    this.#service = service;
    this.#headers = { 'x-mock-server': settings.name };
  }

  /** Parses the body into the record and says what would be answered. */
  route(exchange: Exchange): Routed {
    const { entry } = exchange;
    const parsed = parse(entry.rawBody);
    entry.body = parsed.value;
    const protocol = entry.method === 'POST' ? PROTOCOLS.get(entry.path) : undefined;
    const call = protocol && parsed.json ? protocol.read(asObject(parsed.value)) : undefined;
    const plain = { protocol, streaming: call?.streaming ?? false, headers: this.#headers };
    return {
      inference: protocol !== undefined,
      send: (healthy) => {
        if (entry.fault !== undefined && faultBeforeAnswer(exchange, entry.fault, plain)) return;
        if (protocol !== undefined) this.#infer(exchange, protocol, call);
        else this.#inform(exchange, healthy);
      },
    };
  }

  #inform(exchange: Exchange, healthy: boolean): void {
    const { method, path } = exchange.entry;
    const { models, name } = this.#settings;
    const [first = ''] = models;
    switch (`${method} ${path}`) {
      case 'GET /health':
        return this.#json(exchange, healthy ? 200 : 503, { status: healthy ? 'ok' : 'unavailable' });
      case 'GET /metrics':
        return exchange.send(
          200,
          { ...this.#headers, 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
          metricsText(this.#service, first),
        );
      case 'GET /v1/models': {
        const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: name }));
        return this.#json(exchange, 200, { object: 'list', data });
      }
      default:
        return this.#fail(exchange, undefined, 404, {
          message: `Unknown path: ${method} ${path}`,
          type: 'invalid_request_error',
          code: 'unknown_url',
        });
    }
  }

  #infer(exchange: Exchange, protocol: Protocol, call: InferenceCall | undefined): void {
    const { models, strictModels, fullStatus } = { ...this.#settings, ...this.#settings.service };
    const type = 'invalid_request_error';
    if (call === undefined)
      return this.#fail(exchange, protocol, 400, { message: 'The body is not JSON', type });
    if (strictModels && !models.includes(call.model ?? '')) {
      const message = `The model \`${call.model ?? ''}\` does not exist`;
      return this.#fail(exchange, protocol, 404, { message, type, code: 'model_not_found' });
    }
    const begun = this.#settings.text.after(call.begun ?? '');
    const answer = {
      exchange,
      protocol,
      completion: this.#completion(call, begun),
      body: asObject(exchange.entry.body),
      fault: exchange.entry.fault,
      text: begun.text,
      service: this.#service,
      headers: this.#headers,
    };
    const taken = call.streaming ? streamAnswer(answer) : wholeAnswer(answer);
    if (!taken)
      this.#fail(exchange, protocol, fullStatus, { message: 'The queue is full', type: 'overloaded' });
  }

  #completion(call: InferenceCall, { text, pieces }: TextRest): Completion {
    const { name, clock, tokens: whole, models } = this.#settings;
    const most = Math.max(0, whole - pieces);
    const tokens = Math.min(most, Math.max(0, Math.floor(call.maxTokens ?? most)));
    return {
      id: `${name}-${++this.#served}`,
      server: name,
      created: Math.floor(clock.wallTime() / 1000),
      model: call.model ?? models[0] ?? '',
      get text() {
        return text.whole(tokens);
      },
      promptTokens: call.promptTokens + pieces,
      tokens,
      limited: tokens < most,
      includeUsage: call.includeUsage,
    };
  }

  #fail(exchange: Exchange, protocol: Protocol | undefined, status: number, error: MockError): void {
    const body = (protocol?.error ?? openAiError)(error);
    exchange.send(status, { ...this.#headers, 'content-type': 'application/json' }, body);
  }

  #json(exchange: Exchange, status: number, value: unknown): void {
    exchange.send(status, { ...this.#headers, 'content-type': 'application/json' }, JSON.stringify(value));
  }
}

/** An inference body must be a JSON object; anything else is kept as text for the record. */
function parse(bytes: Buffer): { json: boolean; value: unknown } {
  if (bytes.length === 0) return { json: false, value: undefined };
  const text = bytes.toString();
  try {
    const value: unknown = JSON.parse(text);
    return { json: typeof value === 'object' && value !== null && !Array.isArray(value), value };
  } catch {
    return { json: false, value: text };
  }
}
