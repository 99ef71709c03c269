/** What a policy called for, and when. */
export class Recommendations {
  /** How long they are kept, in ms. */
  readonly #keep: number;
  #list: readonly { readonly at: number; readonly replicas: number }[] = [];

  constructor(keep: number) {
    this.#keep = keep;
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  add(replicas: number, now: number): void {
    this.#list = [...this.#list.filter(({ at }) => at >= now - this.#keep), { at: now, replicas }];
  }

  /** Those younger than `age`; as old as that too, when `inclusive`. */
  since(now: number, age: number, inclusive = false): readonly number[] {
    const cutoff = now - age;
    return this.#list
      .filter(({ at }) => at > cutoff || (inclusive && at === cutoff))
      .map(({ replicas }) => replicas);
  }

  /**
   * `current`, brought within the least called for during the window of growth and the most during that of
   * shrinking; `recommended` is called for now, and not remembered by this.
   */
  stabilize(
    current: number,
    recommended: number,
    { now, up, down }: { readonly now: number; readonly up: number; readonly down: number },
  ): number {
    const least = Math.min(recommended, ...this.since(now, up));
    const most = Math.max(recommended, ...this.since(now, down));
    return Math.min(Math.max(current, least), most);
  }
}
