import { ABORTED, isFailure, isObject, type Json } from './read-event.js';

/** One event of a chat completion stream, as far as a continuation has to know it. */
export type ChatEvent =
  /** A comment, or a blank line. */
  | { readonly kind: 'none' }
  | { readonly kind: 'done' }
  | { readonly kind: 'bad'; readonly reason: 'error-event' | 'malformed' | 'aborted' }
  /** Something else than the plain text of one choice: it cannot be continued. */
  | { readonly kind: 'foreign' }
  | ChatChunk;

export interface ChatChunk {
  readonly kind: 'chunk';
  readonly json: Json;
  readonly choice: Json | undefined;
  /** `''` for a chunk without any. */
  readonly text: string;
  readonly finished: boolean;
  readonly usage: Json | undefined;
}

const decoder = new TextDecoder();

/** @param block one event's bytes */
export function readChatEvent(block: Uint8Array): ChatEvent {
  const lines: string[] = [];
  let name: string | undefined;
  for (const line of decoder.decode(block).split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line.startsWith('event:')) name = line.slice(6).trim();
  }
  if (lines.length === 0) return { kind: 'none' };
  const data = lines.join('\n');
  if (data === '[DONE]') return { kind: 'done' };
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return { kind: 'bad', reason: 'malformed' };
  }
  if (!isObject(json)) return { kind: 'foreign' };
  if (name === 'error' || isFailure(json)) return { kind: 'bad', reason: 'error-event' };
  return readChunk(json);
}

function readChunk(json: Json): ChatEvent {
  const usage = isObject(json.usage) ? json.usage : undefined;
  const { choices } = json;
  if (!Array.isArray(choices) || choices.length > 1) return { kind: 'foreign' };
  const choice: unknown = choices[0];
  if (choice === undefined)
    return { kind: 'chunk', json, choice: undefined, text: '', finished: false, usage };
  if (!isObject(choice) || (choice.index ?? 0) !== 0 || holdsSomething(choice.logprobs))
    return { kind: 'foreign' };
  if (choice.finish_reason === ABORTED) return { kind: 'bad', reason: 'aborted' };
  const delta = choice.delta ?? {};
  if (!isObject(delta)) return { kind: 'foreign' };
  for (const key in delta) {
    if (key !== 'role' && key !== 'content' && holdsSomething(delta[key])) return { kind: 'foreign' };
  }
  const text = delta.content ?? '';
  if (typeof text !== 'string') return { kind: 'foreign' };
  return { kind: 'chunk', json, choice, text, finished: typeof choice.finish_reason === 'string', usage };
}

function holdsSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '' && value !== false;
}
