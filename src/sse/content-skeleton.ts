const KEYS = ['"content":"', '"text":"'];
/** A JSON string's inside that needs no unescaping, what nearly every token is: no control, no quote, no backslash. */
const PLAIN = /^[ !#-[\]-\uffff]+$/;

/**
 * Knows the next content event without parsing it. The chunks of one stream differ only in their text: what
 * begins and ends as an event that was parsed before, with another plain, non-empty string in the same place,
 * is valid JSON and means the same.
 */
export class ContentSkeleton {
  #name: string | undefined;
  #before: string | undefined;
  #after = '';

  matches(name: string | undefined, data: string): boolean {
    const before = this.#before;
    if (before === undefined || name !== this.#name) return false;
    const start = before.length;
    const end = data.length - this.#after.length;
    // Comparing slices takes a third of what `startsWith` does.
    return (
      start < end &&
      data.slice(0, start) === before &&
      data.slice(end) === this.#after &&
      PLAIN.test(data.slice(start, end))
    );
  }

  /** Remembers an event that was parsed and did nothing but bring content. */
  learn(name: string | undefined, data: string): void {
    for (const key of KEYS) {
      const at = data.indexOf(key);
      if (at === -1) continue;
      const start = at + key.length;
      const end = data.indexOf('"', start);
      if (end === -1 || !PLAIN.test(data.slice(start, end))) continue;
      this.#name = name;
      this.#before = copied(data.slice(0, start));
      this.#after = copied(data.slice(end));
      return;
    }
  }
}

/** A slice would keep the whole chunk it is of, and be slow to compare with. */
function copied(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('latin1');
}
