import type { InferenceRequest } from '../../core/inference-request.js';

/** What a sample counts in the means. */
const PULL = 0.01;
/** Of what counts as a small prompt: a smaller one pulls it down, a larger one lets it rise slowly. */
const FALL = 0.3;
const RISE = 0.02;

/** What requests are like. Begins with a guess: a thousand tokens in, a hundred out. */
export class Traffic {
  #prompt = 1_000;
  #small: number | undefined;
  #output = 100;

  /** Prompt tokens of the mean request. */
  get meanPrompt(): number {
    return this.#prompt;
  }

  /** Whether a prompt is one of the smaller ones, which make cheap experiments. */
  isSmall(tokens: number): boolean {
    return this.#small !== undefined && tokens <= this.#small;
  }

  /** Prompt tokens; of a request whose length nobody knows, the mean. */
  promptOf({ promptTokens }: InferenceRequest): number {
    return promptTokens > 0 ? promptTokens : this.#prompt;
  }

  /** Tokens that it is likely to be answered with. */
  outputOf({ maxTokens }: InferenceRequest): number {
    return Math.min(this.#output, maxTokens ?? this.#output);
  }

  sent(prompt: number): void {
    const small = this.#small ?? prompt;
    this.#small = small + (prompt < small ? FALL : RISE) * (prompt - small);
    this.#prompt += PULL * (prompt - this.#prompt);
  }

  answered(tokens: number): void {
    this.#output += PULL * (tokens - this.#output);
  }
}
