import type { BalancedRequest } from '../core/exchange.js';
import type { InferenceRequest } from '../core/inference-request.js';
import type { Refusal } from './engine/refusal.js';
import { pathProblem } from './request/path-problem.js';
import { promptBlocks } from './request/prompt-blocks.js';
import { type BodyFacts, scanJson } from './request/scan-json.js';

/** What the `affinityKey` and `estimateTokens` options see of a request. */
export interface RequestFacts {
  /** As sent: `GET`, `POST` … */
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The caller's, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's `model`. */
  readonly model: string | undefined;
  /** Whether the answer is to stream. */
  readonly streaming: boolean;
  /** The caller's, where a facade knows it. */
  readonly clientAddress: string | undefined;
  /** The body, unless it is a stream that is not buffered. */
  readonly body: Uint8Array | undefined;
}

export interface InspectionTerms {
  readonly affinityKey: ((request: RequestFacts) => string | undefined) | undefined;
  readonly estimateTokens: ((request: RequestFacts) => number) | undefined;
}

/** What of a request is wished or estimated, not read. */
interface RequestTerms {
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  readonly affinityKey: string | undefined;
  readonly priority: number;
  readonly policyData: unknown;
  /** The body is a JSON object. */
  readonly json: boolean;
}

/** The request as policies see it; `attempt` and `tried` move on with the attempts. */
export class LiveRequest implements InferenceRequest {
  readonly method: string;
  readonly model: string | undefined;
  readonly streaming: boolean;
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  readonly clientAddress: string | undefined;
  readonly priority: number;
  /** Attempts made so far. */
  attempts = 0;
  attempt = 1;
  tried: readonly string[] = [];
  /** They may hold the caller's keys: policies can read them, but whoever prints an event does not print them. */
  readonly #path: string;
  readonly #affinityKey: string | undefined;
  readonly #policyData: unknown;
  readonly #headers: Readonly<Record<string, string>>;
  #body: Uint8Array | undefined;
  #blocks: readonly number[] | undefined;

  constructor(facts: RequestFacts, terms: RequestTerms) {
    this.method = facts.method;
    this.#path = facts.path;
    this.model = facts.model;
    this.streaming = facts.streaming;
    this.promptTokens = terms.promptTokens;
    this.maxTokens = terms.maxTokens;
    this.#affinityKey = terms.affinityKey;
    this.clientAddress = facts.clientAddress;
    this.priority = terms.priority;
    this.#policyData = terms.policyData;
    this.#headers = facts.headers;
    this.#body = terms.json ? facts.body : undefined;
  }

  get path(): string {
    return this.#path;
  }

  get affinityKey(): string | undefined {
    return this.#affinityKey;
  }

  get policyData(): unknown {
    return this.#policyData;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  promptBlocks(): readonly number[] {
    this.#blocks ??= this.#body === undefined ? [] : promptBlocks(this.#body, this.model);
    return this.#blocks;
  }

  /** A place is sought for one attempt more. */
  again(): void {
    this.attempt = this.attempts + 1;
  }

  /** It is sent to an endpoint, once more. */
  sentTo(endpoint: string): void {
    this.attempts++;
    this.attempt = this.attempts;
    this.tried = [...this.tried, endpoint];
  }

  /** The request is over: whoever keeps its events does not keep its body. */
  forgetBody(): void {
    this.#body = undefined;
  }
}

export interface Inspection {
  readonly request: LiveRequest;
  readonly facts: BodyFacts | undefined;
  /** The request cannot be sent at all. */
  readonly refusal: Refusal | undefined;
  /** The path is one whose protocol is known. */
  readonly inference: boolean;
}

const INFERENCE =
  /\/(?:chat\/completions|completions|responses|messages|embeddings|api\/(?:chat|generate|embed))$/;
/** Ollama streams unless told not to. */
const STREAMS_BY_DEFAULT = /\/api\/(?:chat|generate)$/;
const BYTES_PER_TOKEN = 4;
const INVALID_JSON: Refusal = {
  code: 'invalid_json',
  message: 'The request body is not a complete JSON object',
};

/** Reads what the balancer must know of a request. The body is looked at where it lies. */
export function inspectRequest(
  incoming: BalancedRequest,
  body: Uint8Array | undefined,
  terms: InspectionTerms,
): Inspection {
  const { method, path, headers, clientAddress, overrides } = incoming;
  const pathname = pathnameOf(path);
  const inference = method === 'POST' && INFERENCE.test(pathname);
  let facts: BodyFacts | undefined;
  const problem = pathProblem(pathname);
  let refusal: Refusal | undefined =
    problem === undefined ? undefined : { code: 'invalid_request', message: problem };
  if (body !== undefined && body.byteLength > 0 && isJson(headers['content-type'] ?? '', inference)) {
    facts = scanJson(body);
    if (facts === undefined) refusal ??= INVALID_JSON;
  }
  const streaming =
    facts?.stream ??
    (inference && facts !== undefined ? STREAMS_BY_DEFAULT.test(pathname) : accepts(headers));
  const seen: RequestFacts = { method, path, headers, model: facts?.model, streaming, clientAddress, body };
  const affinityKey = overrides?.affinityKey ?? terms.affinityKey?.(seen);
  const estimate = terms.estimateTokens?.(seen) ?? Number.NaN;
  const promptTokens = estimate >= 0 ? estimate : Math.ceil((body?.byteLength ?? 0) / BYTES_PER_TOKEN);
  const request = new LiveRequest(seen, {
    promptTokens,
    maxTokens: facts?.maxTokens,
    affinityKey,
    priority: overrides?.priority ?? 0,
    policyData: overrides?.policyData,
    json: facts !== undefined,
  });
  return { facts, refusal, inference, request };
}

/** The body with the model's name as the endpoint knows it. */
export function renameModel(
  body: Uint8Array,
  facts: BodyFacts | undefined,
  served: string | undefined,
): Uint8Array {
  if (facts?.modelAt === undefined || served === undefined || served === facts.model) return body;
  const [start, end] = facts.modelAt;
  return Buffer.concat([body.subarray(0, start), Buffer.from(JSON.stringify(served)), body.subarray(end)]);
}

/** On a path we know, a string that was sent without a type is JSON all the same (fetch calls it text/plain). */
function isJson(type: string, inference: boolean): boolean {
  return type.includes('json') || (inference && (type === '' || type.startsWith('text/plain')));
}

function accepts(headers: Readonly<Record<string, string>>): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}

function pathnameOf(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}
