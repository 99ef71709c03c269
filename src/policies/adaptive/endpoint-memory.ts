import type { AttemptFollower, AttemptResult } from '../../core/policy.js';
import { PrefillRate } from '../../core/prefill-rate.js';
import type { PrefillWork } from '../../core/prefix-index.js';
import { Lateness } from './lateness.js';
import { PrefillQueue } from './prefill-queue.js';
import { Room } from './room.js';

/** Tokens that every prompt counts for beyond its own: a step costs about as much as that many, however short. */
const OVERHEAD = 64;
/** A first token this many times later than it was to come, and so many ms more, is late. */
const LATE_FACTOR = 1.5;
const LATE_MORE = 100;
/** What a sample counts in the mean time that a stream lasts after its first token, and in the mean of others' requests. */
const PULL = 0.05;
const OTHERS_PULL = 0.1;
/** How far the others' number now, over what it usually is, may scale the lateness: it is old news to all of them at once. */
const MOST_SCALE = 1.5;
/** Milliseconds of lateness that a fault counts for, at least: what fails fast must not look fast. */
const FAULT = 1_000;
/** What the time after the first token counts, beside the time to it; up to twice that, the more of ours are there. */
const DECODE = 0.01;

/** A request as it is seen here. */
export interface Work {
  /** Prompt tokens. */
  readonly prompt: number;
  /** Those of them that its prefix cache is thought to hold. */
  readonly cached: number;
  /** Tokens of the answer, as expected. */
  readonly output: number;
}

/** A request that goes here. */
export interface Sending {
  readonly at: number;
  /** The rate for as long as none is known, in tokens a ms. */
  readonly guess: number;
  /** Requests of other clients, where that is known. */
  readonly others: number | undefined;
  /** Hears what was done until the first token. */
  readonly worked: (work: PrefillWork) => void;
}

/** What a first token here has to wait for, in ms. */
export interface Terms {
  /** The prompts that are before it, ours. */
  readonly backlog: number;
  /** Its own prompt. */
  readonly prompt: number;
  /** What holds the endpoint up beyond what the prompts explain: seen lately, or right now. */
  readonly late: number;
  /** Until earlier streams have made room. */
  readonly room: number;
  /** What a slower stream after it counts. */
  readonly decode: number;
}

/** What is known of one endpoint, for one kind of answer, streamed or whole. Times in ms. */
export class EndpointMemory {
  readonly rate = new PrefillRate();
  readonly #queue = new PrefillQueue();
  readonly #late = new Lateness();
  /** In requests, and in tokens of context: whichever explains better what was late. */
  readonly #slots = new Room();
  readonly #context = new Room();
  #requests = 0;
  #tokens = 0;
  /** Mean time of a stream after its first token. */
  #lasting: number | undefined;
  /** Other clients' requests when ours were sent, on average. */
  #others = 0;

  /** Requests of this kind that are here. */
  get requests(): number {
    return this.#requests;
  }

  /** What a slower stream after the first token counts, in ms. */
  get decode(): number {
    return DECODE * (this.#lasting ?? 0) * (1 + this.#requests / (1 + this.#requests));
  }

  /**
   * @param rate prompt tokens a ms
   * @param others requests of other clients, where that is known
   */
  terms(work: Work, rate: number, now: number, others: number | undefined): Terms {
    const scale = others === undefined ? 1 : (others + 1) / (this.#others + 1);
    const late = this.#late.at(now) * Math.min(MOST_SCALE, Math.max(1 / MOST_SCALE, scale));
    return {
      backlog: this.#queue.left(rate, now) / rate,
      prompt: (work.prompt - work.cached + OVERHEAD) / rate,
      late: Math.max(late, this.#queue.overdue(rate, now)),
      room: this.#waitForRoom(work),
      decode: this.decode,
    };
  }

  follow(work: Work, { at, guess, others, worked }: Sending): AttemptFollower {
    const rate = this.rate.value ?? guess;
    const tokens = work.prompt + work.output;
    const prompt = { tokens: work.prompt - work.cached };
    const before = this.#queue.left(rate, at);
    const ahead = before + prompt.tokens + OVERHEAD;
    this.#queue.add(prompt, at);
    this.#requests++;
    this.#tokens += tokens;
    if (others !== undefined) this.#others += OTHERS_PULL * (others - this.#others);
    const sent = { at, ahead, expected: this.rate.value === undefined ? undefined : ahead / rate };
    const levels = { requests: this.#requests, tokens: this.#tokens };
    let answeredAt: number | undefined;
    return {
      answering: (now) => {
        answeredAt = now;
        this.#queue.remove(prompt, now);
        if (this.rate.value !== undefined)
          worked({ before, computed: (now - at) * this.rate.value - OVERHEAD });
        this.#learn(sent, levels, now);
      },
      settled: ({ outcome, now }: AttemptResult) => {
        this.#queue.remove(prompt, now);
        this.#requests--;
        this.#tokens = this.#requests === 0 ? 0 : this.#tokens - tokens;
        if (answeredAt === undefined) this.#missed(outcome.kind, now - at - (sent.expected ?? 0), now);
        else if (outcome.kind === 'success') this.#lasted(now - answeredAt);
      },
    };
  }

  /** The first token has come. */
  #learn(
    sent: { readonly at: number; readonly ahead: number; readonly expected: number | undefined },
    levels: { readonly requests: number; readonly tokens: number },
    now: number,
  ): void {
    const elapsed = now - sent.at;
    const { expected } = sent;
    if (expected === undefined) return this.rate.add(sent.ahead, elapsed, now);
    this.#late.add(Math.max(0, elapsed - expected), now);
    if (elapsed <= LATE_FACTOR * expected + LATE_MORE) {
      this.#slots.inTime(levels.requests);
      this.#context.inTime(levels.tokens);
    } else {
      const bySlots = this.#slots.late(levels.requests);
      const byContext = this.#context.late(levels.tokens);
      // It waited for room, which says nothing of the rate.
      if (bySlots || byContext) return;
    }
    this.rate.add(sent.ahead, elapsed, now);
  }

  #lasted(time: number): void {
    this.#lasting = this.#lasting === undefined ? time : this.#lasting + PULL * (time - this.#lasting);
  }

  /** It ended before its first token. Of one that was given up, that it took longer than expected is known all the same. */
  #missed(kind: AttemptResult['outcome']['kind'], late: number, now: number): void {
    if (kind === 'fault' || kind === 'overloaded') this.#late.add(Math.max(FAULT, late), now);
    else if (kind === 'neutral' && late > this.#late.at(now)) this.#late.add(late, now);
  }

  /** Streams end one after the other: with n of them the next one after a nth of the time that one lasts, all of ours within it. */
  #waitForRoom({ prompt, output }: Work): number {
    const bySlots = this.#slots.error < this.#context.error;
    const room = bySlots ? this.#slots : this.#context;
    if (this.#requests === 0 || !room.believed) return 0;
    const share = bySlots
      ? room.excess(this.#requests + 1) / this.#requests
      : room.excess(this.#tokens + prompt + output) / this.#tokens;
    return Math.min(1, share) * (this.#lasting ?? 0);
  }
}
