const PLAIN =
  'A balancer sends each request to the server that is least busy, watches how the answer comes, ' +
  'and sends it elsewhere when the server fails before the first token. ';
const MULTIBYTE =
  'Grüße aus dem Süden — 日本語のテキスト, ελληνικά, עברית and emoji 🦊👩‍🚀🇨🇭 in one “line”. ';

export interface PiecedText {
  piece(index: number): string;
  /** The first `tokens` pieces in one. */
  whole(tokens: number): string;
}

/** A text whose beginning has been given already. */
export interface TextRest {
  /** Whole pieces of that beginning. */
  readonly pieces: number;
  readonly text: PiecedText;
}

/** The text a mock server completes with, in pieces that look like tokens. Endless: it starts over. */
export class CompletionText implements PiecedText {
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

  /** What follows `begun`. A text that does not begin like that is given from its start, as by a model that was not told. */
  after(begun: string): TextRest {
    if (begun === '') return { pieces: 0, text: this };
    let given = 0;
    let from = 0;
    while (given + this.piece(from).length <= begun.length) {
      const piece = this.piece(from);
      if (piece === '' || !begun.startsWith(piece, given)) return { pieces: 0, text: this };
      given += piece.length;
      from++;
    }
    const half = begun.length - given;
    if (!this.piece(from).startsWith(begun.slice(given))) return { pieces: 0, text: this };
    const piece = (index: number) => (index === 0 ? this.piece(from).slice(half) : this.piece(from + index));
    const whole = (tokens: number) => Array.from({ length: tokens }, (_, index) => piece(index)).join('');
    return { pieces: from, text: { piece, whole } };
  }

  whole(tokens: number): string {
    const known = this.#cache.get(tokens);
    if (known !== undefined) return known;
    let text = '';
    for (let index = 0; index < tokens; index++) text += this.piece(index);
    if (this.#cache.size < 64) this.#cache.set(tokens, text);
    return text;
  }
}
