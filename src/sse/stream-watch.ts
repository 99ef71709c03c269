import type { Outcome } from '../core/outcome.js';
import { judgeStreamedError } from './judge-error.js';
import type { StreamFindings, StreamTap } from './stream-findings.js';

/** A stream's tap with a clock beside it. */
export class StreamWatch {
  readonly #tap: StreamTap;
  #firstContentAt: number | undefined;
  #lastContentAt = 0;
  /** The terminator of a good answer has come: whatever happens now, nobody loses anything. */
  done = false;

  constructor(tap: StreamTap) {
    this.#tap = tap;
  }

  get findings(): StreamFindings {
    return this.#tap.findings;
  }

  /** What is wrong with it for good, whatever terminator may follow. */
  get problem(): 'malformed' | 'truncated' | undefined {
    const { malformed, aborted } = this.findings;
    // What follows the terminator is no part of the answer.
    if (this.done) return undefined;
    if (malformed) return 'malformed';
    return aborted ? 'truncated' : undefined;
  }

  /** The endpoint's own word that there is no answer. */
  get refusal(): Outcome | undefined {
    const { error } = this.findings;
    return error === undefined ? undefined : judgeStreamedError(error);
  }

  get answering(): boolean {
    return this.#firstContentAt !== undefined;
  }

  /** Mean milliseconds between content events. */
  get tokenInterval(): number | undefined {
    const { contentEvents } = this.findings;
    if (this.#firstContentAt === undefined || contentEvents < 2) return undefined;
    return (this.#lastContentAt - this.#firstContentAt) / (contentEvents - 1);
  }

  /**
   * Looks at a chunk; `undefined` is the end.
   * @returns whether it brought content, or may have: a stream that cannot be watched is believed
   */
  observe(chunk: Uint8Array | undefined, now: number): boolean {
    const { findings } = this;
    const before = findings.contentEvents;
    try {
      if (chunk === undefined) this.#end(findings);
      else this.#tap.observe(chunk);
    } catch {
      // Observation may fail; passthrough may not.
      findings.blind = true;
    }
    this.done = findings.done && this.problem === undefined;
    if (findings.contentEvents === before && !findings.blind) return false;
    this.#firstContentAt ??= now;
    this.#lastContentAt = now;
    return true;
  }

  /** What the end leaves half finished was cut off; it is no garbage. */
  #end(findings: StreamFindings): void {
    const { malformed } = findings;
    this.#tap.end();
    findings.cut = findings.malformed && !malformed;
    findings.malformed = malformed;
  }
}
