/** A limit that was too low moves up by this share of the difference, one that was too high moves down. */
const UP = 0.3;
const DOWN = 0.1;
/** What is never contradicted grows, so that a limit that was raised is found out. */
const GROWTH = 1.0005;
/** What a sample counts in the share of samples that contradict the limit. */
const PULL = 0.05;
/** A limit is believed that fewer samples contradict than this, or than this share of those that were late at all. */
const DISBELIEF = 0.1;
const BETTER = 0.6;
/** What a new limit is taken to be contradicted by: with many clients it may be others that made the first one late. */
const DOUBT = 0.3;

/**
 * How much an endpoint takes at once, of requests or of their tokens, before it lets new ones wait: above the limit
 * first tokens come late, below they come in time. Found out from those that contradict it.
 */
export class Room {
  #limit = Number.POSITIVE_INFINITY;
  /** The highest level at which a first token came in time. */
  #top = 0;
  #error = 0;
  /** The share of late samples. */
  #lateShare = 0;

  /** The share of late samples that the limit does not explain, and of others that it forbids. */
  get error(): number {
    return this.#error;
  }

  /** Whether the limit explains what is late: a tenth of mistakes, or clearly fewer than without any limit. */
  get believed(): boolean {
    return this.#error < Math.max(DISBELIEF, BETTER * this.#lateShare);
  }

  /** A first token came when it was to come. @param level with its own request, when that was sent */
  inTime(level: number): void {
    const wrong = level > this.#limit;
    this.#judge(wrong, false);
    this.#limit = wrong ? this.#limit + UP * (level - this.#limit) : this.#limit * GROWTH;
    this.#top = Math.max(this.#top, level);
  }

  /** It came late. @returns whether the limit explains that */
  late(level: number): boolean {
    const wrong = level < this.#limit;
    this.#judge(wrong, true);
    if (wrong) {
      // The first that is late at a usual level says that there may be a limit at all.
      if (level > this.#top / 2) {
        if (!Number.isFinite(this.#limit)) this.#error = Math.max(this.#error, DOUBT);
        this.#limit = Math.min(this.#limit, this.#top);
      }
      if (Number.isFinite(this.#limit)) this.#limit -= DOWN * Math.max(0, this.#limit - level);
    }
    return level > 0.8 * this.#limit;
  }

  /** What does not fit. */
  excess(level: number): number {
    return Math.max(0, level - this.#limit);
  }

  #judge(wrong: boolean, late: boolean): void {
    this.#lateShare += PULL * (Number(late) - this.#lateShare);
    this.#error += PULL * (Number(wrong) - this.#error);
  }
}
