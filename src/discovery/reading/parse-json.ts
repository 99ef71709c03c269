import type { FieldPath } from './list-error.js';

/** A document, and where its fields stand. */
export interface ParsedText {
  readonly document: unknown;
  /** Line of a field, from 1; of the nearest field around it, when it is not there itself. */
  lineOf(path: FieldPath): number;
}

/** A text that is not what it should be. */
export class TextError extends Error {
  readonly line: number | undefined;

  constructor(message: string, line: number | undefined) {
    super(message);
    this.line = line;
  }
}

/** @throws TextError without a word of the text: keys may stand in it */
export function parseJson(text: string): ParsedText {
  try {
    const document: unknown = JSON.parse(text);
    return { document, lineOf: (path) => lineAt(text, new Locator(text).find(path)) };
  } catch {
    const locator = new Locator(text);
    throw new TextError('is not valid JSON', lineAt(text, locator.firstMistake()));
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const BLANK = /[ \t\r\n]*/y;

/** Walks a JSON text, since JSON.parse does not say where things stand. */
class Locator {
  readonly #text: string;
  #at = 0;
  /** What is looked for, and the offset of the deepest part of it that was seen. */
  #wanted: FieldPath = [];
  #depth = -1;
  #found = 0;

  constructor(text: string) {
    this.#text = text;
  }

  find(path: FieldPath): number {
    this.#wanted = path;
    this.#value([], true);
    return this.#found;
  }

  /** Where the text stops being JSON. */
  firstMistake(): number {
    if (this.#value([], false)) this.#blank();
    return this.#at;
  }

  /** @returns false when it is none; the position is then that of the mistake */
  #value(path: FieldPath, onWay: boolean): boolean {
    this.#blank();
    if (onWay && path.length > this.#depth) {
      this.#depth = path.length;
      this.#found = this.#at;
    }
    const first = this.#text[this.#at];
    if (first === '{') return this.#members('}', path, onWay);
    if (first === '[') return this.#members(']', path, onWay);
    return this.#match(STRING) !== undefined || this.#match(OTHER) !== undefined;
  }

  #members(end: '}' | ']', path: FieldPath, onWay: boolean): boolean {
    this.#at++;
    this.#blank();
    if (this.#take(end)) return true;
    for (let index = 0; ; index++) {
      let step: string | number = index;
      if (end === '}') {
        this.#blank();
        const key = this.#match(STRING);
        if (key === undefined) return false;
        step = JSON.parse(key) as string;
        this.#blank();
        if (!this.#take(':')) return false;
      }
      if (!this.#value([...path, step], onWay && this.#wanted[path.length] === step)) return false;
      this.#blank();
      if (this.#take(end)) return true;
      if (!this.#take(',')) return false;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #blank(): void {
    this.#match(BLANK);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
