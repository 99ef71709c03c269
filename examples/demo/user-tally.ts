import { percentile } from './percentile.js';

/** What the users saw. */
export class UserTally {
  /** Whole texts read. */
  answered = 0;
  /** Streams that broke off while they were read; the application asked again. */
  brokenStreams = 0;
  readonly #firstTokens: number[] = [];
  readonly #reasons = new Map<string, number>();

  /** Users who did not get their whole text, by reason. */
  get errorReasons(): ReadonlyMap<string, number> {
    return this.#reasons;
  }

  get errors(): number {
    return [...this.#reasons.values()].reduce((sum, count) => sum + count, 0);
  }

  complete(firstToken: number): void {
    this.answered++;
    this.#firstTokens.push(firstToken);
  }

  failed(reason: string): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  /** Milliseconds from the question to the first word of its answer. */
  firstToken(share: number): number | undefined {
    return percentile(this.#firstTokens, share);
  }
}
