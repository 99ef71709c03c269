import type { BodySink } from '../core/exchange.js';
import type { Outcome } from '../core/outcome.js';
import { type ChatEvent, readChatEvent } from './chat-event.js';
import type { ChatTranscript } from './chat-transcript.js';
import { type Continuation, DONE_EVENT } from './continuation.js';
import { EventBlocks } from './event-blocks.js';
import type { ResponseTap } from './response-tap.js';

/** The part of an attempt that a continuation deals with. */
export type ResumableTap = Pick<ResponseTap, 'pipe' | 'resume' | 'cancel' | 'end' | 'settlement'>;

interface ReadingTerms {
  /** @returns whether there is room for more */
  pass(bytes: Uint8Array | undefined): boolean;
  /**
   * The attempt has broken off.
   * @returns whether something is done about it: what it sends from here on is then withheld
   */
  broken(outcome: Outcome): boolean;
  /** What the reader is told of it. */
  failure(outcome: Outcome): Error;
  end(): void;
  fail(error: Error): void;
}

/** An event longer than this is passed on in pieces, and its stream is not resumed. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Reads the stream of one attempt event by event, and passes whole events on. */
export class AttemptReading implements BodySink {
  readonly tap: ResumableTap;
  readonly #transcript: ChatTranscript;
  /** `undefined` for the first attempt, whose bytes stay as they are. */
  readonly #continuation: Continuation | undefined;
  readonly #terms: ReadingTerms;
  readonly #blocks = new EventBlocks();
  /** Nothing is read any more: bytes pass as they come. */
  #raw = false;
  #done = false;
  /** What came after the break, while a continuation is sought. */
  #withheld: Uint8Array[] | undefined;
  #ending: 'open' | 'end' | Error = 'open';
  #problem: Outcome | undefined;

  constructor(
    tap: ResumableTap,
    transcript: ChatTranscript,
    terms: ReadingTerms & { readonly continuation: Continuation | undefined },
  ) {
    this.tap = tap;
    this.#transcript = transcript;
    this.#continuation = terms.continuation;
    this.#terms = terms;
  }

  get withholds(): boolean {
    return this.#withheld !== undefined;
  }

  start(): void {
    this.tap.pipe(this);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#withheld !== undefined) {
      this.#withheld.push(chunk);
      return false;
    }
    if (this.#raw) return this.#terms.pass(chunk);
    const blocks = this.#blocks.push(chunk);
    const { rest } = this.#blocks;
    // Passed on in one piece: in the middle of several the reader might ask for more, and get it out of order.
    const passed: (Uint8Array | undefined)[] = [];
    for (const [index, block] of blocks.entries()) {
      const event = readChatEvent(block);
      const problem = this.#problemOf(event);
      if (problem !== undefined) {
        const withheld = this.#broken(problem, [...blocks.slice(index), rest]);
        if (withheld || this.#continuation !== undefined) {
          this.#pass(passed);
          return withheld ? false : this.#stop(problem);
        }
      }
      passed.push(this.#take(event, block));
      if (this.#raw) return this.#pass([...passed, ...blocks.slice(index + 1), rest]);
    }
    if (rest.byteLength <= MAX_EVENT_BYTES) return this.#pass(passed);
    if (this.#continuation !== undefined) {
      this.#pass(passed);
      return this.#stop(fault('malformed'));
    }
    this.#raw = true;
    return this.#pass([...passed, rest]);
  }

  end(): void {
    if (this.#withheld !== undefined) this.#ending = 'end';
    else {
      if (!this.#raw) this.#tail();
      this.#terms.end();
    }
  }

  fail(error: Error): void {
    if (this.#withheld !== undefined) {
      this.#ending = error;
      return;
    }
    const { rest } = this.#blocks;
    const { outcome } = this.tap.settlement;
    if (!this.#raw && outcome !== undefined && this.#broken(outcome, [rest])) {
      this.#ending = error;
      return;
    }
    if (!this.#raw && this.#continuation === undefined) this.#pass([rest]);
    this.#terms.fail(error);
  }

  /** Nobody goes on: the reader gets what has been withheld, as it would have without us. */
  giveUp(): void {
    if (this.#continuation !== undefined) {
      this.#withheld = undefined;
      if (this.#ending instanceof Error) this.#terms.fail(this.#ending);
      else this.#stop(this.#problem ?? fault('malformed'));
      return;
    }
    this.#raw = true;
    const room = this.#pass(this.#withheld ?? []);
    this.#withheld = undefined;
    if (this.#ending === 'end') this.#terms.end();
    else if (this.#ending !== 'open') this.#terms.fail(this.#ending);
    else if (room) this.tap.resume();
  }

  #broken(problem: Outcome, unsent: Uint8Array[]): boolean {
    this.#withheld = unsent;
    this.#problem = problem;
    if (this.#terms.broken(problem)) return true;
    this.#withheld = undefined;
    return false;
  }

  /** What is wrong with an event. After the finish reason there is nothing left to lose. */
  #problemOf({ kind }: ChatEvent): Outcome | undefined {
    const bad = kind === 'bad' || (kind === 'foreign' && this.#continuation !== undefined);
    return bad && !this.#transcript.finished
      ? (this.tap.settlement.outcome ?? fault('malformed'))
      : undefined;
  }

  /** @returns what is passed on of an event */
  #take(event: ChatEvent, block: Uint8Array): Uint8Array | undefined {
    if (event.kind === 'done') this.#done = true;
    if (event.kind === 'chunk') {
      if (this.#continuation !== undefined) return this.#continuation.rewrite(event);
      this.#transcript.note(event);
    } else if (this.#continuation === undefined && (event.kind === 'foreign' || event.kind === 'bad')) {
      this.#raw = true;
    }
    return block;
  }

  /** What is left at the end: an event without its blank line, or one that was cut after the finish reason. */
  #tail(): void {
    const { rest } = this.#blocks;
    if (rest.byteLength === 0) return;
    const event = readChatEvent(rest);
    if (event.kind === 'chunk' || event.kind === 'done' || this.#done) this.#pass([this.#take(event, rest)]);
    else if (this.#transcript.finished) this.#pass([DONE_EVENT]);
    else if (this.#continuation === undefined) this.#pass([rest]);
  }

  #pass(pieces: readonly (Uint8Array | undefined)[]): boolean {
    const full = pieces.filter((piece) => piece !== undefined && piece.byteLength > 0) as Uint8Array[];
    return this.#terms.pass(full.length > 1 ? Buffer.concat(full) : full[0]);
  }

  /** A continuation that cannot be passed on. */
  #stop(problem: Outcome): false {
    this.#raw = true;
    this.tap.end(problem);
    this.#terms.fail(this.#terms.failure(problem));
    return false;
  }
}

function fault(reason: 'malformed'): Outcome {
  return { kind: 'fault', reason, status: 200, sent: true, error: undefined };
}
