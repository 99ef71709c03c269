const PLAIN =
  'A balancer sends each request to the server that is least busy, watches how the answer comes, ' +
  'and sends it elsewhere when the server fails before the first token. ';
const MULTIBYTE =
  'Grüße aus dem Süden — 日本語のテキスト, ελληνικά, עברית and emoji 🦊👩‍🚀🇨🇭 in one “line”. ';

/** The text a mock server completes with, in pieces that look like tokens. Endless: it starts over. */
export class CompletionText {
  readonly #pieces: readonly string[];
  readonly #cache = new Map<number, string>();

  constructor(text: string | undefined, multibyte: boolean) {
    // At most six code points a piece, and a piece opens with its white space, as tokens do.
    this.#pieces = (text ?? (multibyte ? MULTIBYTE : PLAIN)).match(/\s*\S{1,6}|\s+$/gu) ?? [''];
  }

  /** Pieces before it starts over. */
  get length(): number {
    return this.#pieces.length;
  }

  piece(index: number): string {
    return this.#pieces[index % this.#pieces.length] ?? '';
  }

  /** The first `tokens` pieces in one. */
  whole(tokens: number): string {
    const known = this.#cache.get(tokens);
    if (known !== undefined) return known;
    let text = '';
    for (let index = 0; index < tokens; index++) text += this.piece(index);
    if (this.#cache.size < 64) this.#cache.set(tokens, text);
    return text;
  }
}
