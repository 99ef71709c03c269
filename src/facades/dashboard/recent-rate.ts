/** How many a second, over the last few seconds: tokens come in lumps, when an answer ends. */
export class RecentRate {
  readonly #buckets: { readonly at: number; count: number }[] = [];
  readonly #since: number;
  readonly #window: number;

  /** @param window milliseconds */
  constructor(since: number, window: number) {
    this.#since = since;
    this.#window = window;
  }

  add(count: number, now: number): void {
    const last = this.#buckets.at(-1);
    // A tenth of the window is fine enough.
    if (last !== undefined && now - last.at < this.#window / 10) last.count += count;
    else this.#buckets.push({ at: now, count });
  }

  /** A second. */
  read(now: number): number {
    while (this.#buckets[0] !== undefined && this.#buckets[0].at <= now - this.#window) this.#buckets.shift();
    const seconds = Math.min(this.#window, Math.max(now - this.#since, 1_000)) / 1_000;
    return this.#buckets.reduce((sum, { count }) => sum + count, 0) / seconds;
  }
}
