import type { ChatChunk } from './chat-event.js';
import { type ChatTranscript, type SoFar, withHead } from './chat-transcript.js';
import type { Json } from './read-event.js';

/** Makes the chunks of the endpoint that goes on look like those of the one that broke off. */
export class Continuation {
  readonly #transcript: ChatTranscript;
  readonly #before: number;
  /** White space that the caller has already and this endpoint writes again. */
  #overlap: string;

  constructor(transcript: ChatTranscript, soFar: SoFar) {
    this.#transcript = transcript;
    this.#before = soFar.tokens;
    this.#overlap = soFar.trimmed;
  }

  /** @returns the event's bytes; `undefined` for one that the caller must not see again */
  rewrite(chunk: ChatChunk): Uint8Array | undefined {
    const text = this.#withoutOverlap(chunk.text);
    this.#transcript.note(chunk, text);
    const json = withHead(chunk.json, this.#transcript.head);
    if (chunk.choice !== undefined) {
      const { role: _, ...delta } = (chunk.choice.delta ?? {}) as Json;
      if ('content' in delta) delta.content = text;
      if (text === '' && !chunk.finished && chunk.usage === undefined) return undefined;
      if (text === '') delete delta.content;
      json.choices = [{ ...chunk.choice, delta }];
    }
    if (chunk.usage !== undefined) json.usage = this.#wholeUsage(chunk.usage);
    return eventOf(json);
  }

  #withoutOverlap(text: string): string {
    let common = 0;
    while (common < text.length && text[common] === this.#overlap[common]) common++;
    this.#overlap = common === text.length ? this.#overlap.slice(common) : '';
    return text.slice(common);
  }

  /** Usage of the whole answer: the text so far was answer, though this endpoint read it as prompt. */
  #wholeUsage(usage: Json): Json {
    const { prompt_tokens: prompt, completion_tokens: completion } = usage;
    if (typeof prompt !== 'number' || typeof completion !== 'number') return usage;
    const asked = this.#transcript.promptTokens ?? Math.max(0, prompt - this.#before);
    const answered = this.#before + completion;
    return {
      ...usage,
      prompt_tokens: asked,
      completion_tokens: answered,
      total_tokens: asked + answered,
    };
  }
}

export const DONE_EVENT: Uint8Array = Buffer.from('data: [DONE]\n\n');

/** The end of an answer that has used up its token limit. */
export function lengthEvent(head: Json | undefined): Uint8Array {
  return eventOf({ ...head, choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'length' }] });
}

function eventOf(json: Json): Uint8Array {
  return Buffer.from(`data: ${JSON.stringify(json)}\n\n`);
}
