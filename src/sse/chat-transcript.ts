import type { ChatChunk } from './chat-event.js';
import type { Json } from './read-event.js';

/** How far an answer has come when it breaks off. */
export interface SoFar {
  /** Its text, without white space at the end: templates trim that, and the next endpoint writes it again. */
  readonly text: string;
  /** The white space that was left out. */
  readonly trimmed: string;
  /** Tokens of `text`: as the endpoints counted them where they did, else content events. */
  readonly tokens: number;
}

const HALF_A_CHARACTER = /[\ud800-\udbff]$/;

/** What the caller has been given of one answer, over all its attempts. */
export class ChatTranscript {
  readonly #maxText: number;
  /** The fields that all chunks of a stream share, as the first one had them. */
  head: Json | undefined;
  text = '';
  finished = false;
  /** Of the whole answer, where the first endpoint told it. */
  promptTokens: number | undefined;
  #before = 0;
  #events = 0;
  #counted: number | undefined;
  #tokens = 0;

  /** @param maxText longest text that is kept, in characters */
  constructor(maxText: number) {
    this.#maxText = maxText;
  }

  /** All of the text was kept, and its last character is there as a whole. */
  get whole(): boolean {
    return this.text.length <= this.#maxText && !HALF_A_CHARACTER.test(this.text);
  }

  get soFar(): SoFar {
    const text = this.text.trimEnd();
    return { text, trimmed: this.text.slice(text.length), tokens: this.#tokens };
  }

  /**
   * Notes a chunk that is passed on.
   * @param passed its text as the caller sees it
   */
  note(chunk: ChatChunk, passed: string = chunk.text): void {
    this.head ??= headOf(chunk.json);
    if (chunk.finished) this.finished = true;
    if (chunk.text !== '') this.#events++;
    const counted = chunk.usage?.completion_tokens;
    if (typeof counted === 'number') this.#counted = counted;
    if (this.#before === 0 && typeof chunk.usage?.prompt_tokens === 'number')
      this.promptTokens = chunk.usage.prompt_tokens;
    if (this.text.length <= this.#maxText) this.text += passed;
    if (passed.trimEnd() !== '') this.#tokens = this.#before + (this.#counted ?? this.#events);
  }

  /** The next endpoint goes on; it counts from nought. */
  seam(): void {
    this.#before = this.#tokens;
    this.#events = 0;
    this.#counted = undefined;
  }
}

const SHARED = ['id', 'object', 'created', 'model', 'system_fingerprint'] as const;

function headOf(json: Json): Json {
  const head: Json = {};
  for (const key of SHARED) if (key in json) head[key] = json[key];
  return head;
}

/** Gives a chunk the fields of the first one. */
export function withHead(json: Json, head: Json | undefined): Json {
  const rewritten: Json = { ...head };
  for (const [key, value] of Object.entries(json)) {
    if (!(SHARED as readonly string[]).includes(key)) rewritten[key] = value;
  }
  return rewritten;
}
