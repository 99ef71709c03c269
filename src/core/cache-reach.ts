/** Findings kept. */
const WINDOW = 48;

interface Finding {
  readonly distance: number;
  readonly hit: boolean;
}

/**
 * How far back an endpoint's prefix cache reaches: how many tokens may be sent there until what was sent before them
 * is forgotten. The one with the fewest findings against it, of the last 48: misses that are nearer, hits that are
 * farther. Hits at 100 000 and 300 000 and misses at 500 000 and 900 000 make 500 000, and one miss at 50 000 more
 * changes nothing. The farthest of those that are equally good, so that a larger cache is found out.
 */
export class CacheReach {
  readonly #findings: Finding[] = [];
  #tokens = Number.POSITIVE_INFINITY;

  /** `Infinity` as long as nothing speaks against it. */
  get tokens(): number {
    return this.#tokens;
  }

  /** What was sent `distance` tokens ago turned out to be cached, or not. */
  found(distance: number, hit: boolean): void {
    this.#findings.push({ distance, hit });
    if (this.#findings.length > WINDOW) this.#findings.shift();
    const sorted = [...this.#findings].sort((one, other) => one.distance - other.distance);
    // More or fewer findings than against a reach that is shorter than all.
    let against = 0;
    let least = 0;
    let best = between(0, sorted[0]?.distance);
    for (const [index, one] of sorted.entries()) {
      against += one.hit ? -1 : 1;
      if (against > least) continue;
      least = against;
      best = between(one.distance, sorted[index + 1]?.distance);
    }
    this.#tokens = best;
  }
}

function between(near: number, far = Number.POSITIVE_INFINITY): number {
  return Number.isFinite(far) ? Math.sqrt(Math.max(1, near) * far) : far;
}
