import type { MockError } from './fault.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a request asks for, whatever its protocol. */
export interface InferenceCall {
  readonly model: string | undefined;
  readonly streaming: boolean;
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  /** Whether a final usage event is wanted. */
  readonly includeUsage: boolean;
  /** The beginning of the answer, where the request brings it and wants the rest. */
  readonly begun?: string | undefined;
}

/** The answer to be rendered. */
export interface Completion {
  /** Unique within the server, with the server's name in it. */
  readonly id: string;
  /** The server's name. */
  readonly server: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
  /** Computed when read: an endless answer has none. */
  readonly text: string;
  readonly promptTokens: number;
  readonly tokens: number;
  /** True when the request's token limit cut the text short. */
  readonly limited: boolean;
  readonly includeUsage: boolean;
}

/** Renders one stream. May keep state; the parts are asked for in order. */
export interface StreamRenderer {
  /** What comes before the first token. */
  head(): string;
  token(piece: string): string;
  /** Everything after the last token, terminator included. */
  tail(): string;
  /** As `tail`, for an engine that has given up. Absent where the protocol cannot say so. */
  abort?(): string;
  /** An in-band error and whatever the protocol lets follow it. */
  error(error: MockError): string;
}

/** One inference API. */
export interface Protocol {
  readonly path: string;
  readonly framing: Framing;
  read(body: JsonObject): InferenceCall;
  /** The answer that does not stream, as JSON. */
  whole(completion: Completion, body: JsonObject): string;
  /** Absent where nothing streams. */
  stream?(completion: Completion): StreamRenderer;
  /** An error body, as JSON. */
  error(error: MockError): string;
}

export interface Framing {
  readonly contentType: string;
  /** Something that is no event. */
  readonly comment: string;
  readonly separator: string;
}

export const SSE: Framing = {
  contentType: 'text/event-stream; charset=utf-8',
  comment: ': keep-alive\n\n',
  separator: '\n\n',
};

export const NDJSON: Framing = { contentType: 'application/x-ndjson', comment: '\n', separator: '\n' };

export function openAiError({ message, type = 'internal_server_error', code = type }: MockError): string {
  return JSON.stringify({ error: { message, type, param: null, code } });
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

/** Tokens of a prompt in any of the usual forms: bytes of all text in it / 4, rounded up. */
export function promptTokens(...prompts: readonly unknown[]): number {
  return Math.ceil(prompts.reduce<number>((sum, prompt) => sum + textBytes(prompt), 0) / 4);
}

function textBytes(prompt: unknown): number {
  if (typeof prompt === 'string') return Buffer.byteLength(prompt);
  if (Array.isArray(prompt)) return prompt.reduce<number>((sum, part) => sum + textBytes(part), 0);
  const { text, content } = asObject(prompt);
  return (text === undefined ? 0 : textBytes(text)) + (content === undefined ? 0 : textBytes(content));
}
