import type { LoadReadings } from '../../core/load-report.js';
import type { EndpointChannel, OpenChannel, TransportCall } from '../../core/transport.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { LoadSource } from '../../state/load-source.js';
import type { Engine } from '../engine/engine.js';
import { DueTimer } from './due-timer.js';
import { followSleep } from './follow-sleep.js';
import { type PageResult, readPage } from './read-page.js';

/** Readings older than this many intervals are not shown: better none than stale ones. */
export const FRESH_INTERVALS = 3;
/** How long a page may take, in ms. */
const TIMEOUT = 2_000;
/** Longest wait after failures, in ms, unless the interval itself is longer. */
const LONGEST_BACKOFF = 60_000;

/** One page of one endpoint. */
interface Poll {
  source: LoadSource;
  /** Connections of its own, where the page is not on the endpoint's origin. */
  readonly channel: EndpointChannel | undefined;
  /** When it is read next; while it is being read, until when it may answer. */
  due: number;
  call: TransportCall | undefined;
  startedAt: number;
  /** This balancer's requests at the endpoint then. */
  outstanding: number;
  /** In a row. */
  failures: number;
}

/**
 * Reads the metrics pages of endpoints with `metrics`, each once an interval that chance shortens by up to a fifth,
 * and less often while it fails. One timer for all, and none where there is nothing to read.
 *
 * Engines that say they are asleep get no requests meanwhile.
 *
 * It is part of the balancer and no loop beside it, because `metrics` alone must switch it on.
 */
export class LoadPoller {
  readonly #engine: Engine;
  readonly #openChannel: OpenChannel;
  readonly #polls = new Map<EndpointState, Map<string, Poll>>();
  readonly #timer: DueTimer;
  #closed = false;

  /** @param openChannel how pages on origins of their own are connected to */
  constructor(engine: Engine, openChannel: OpenChannel) {
    this.#engine = engine;
    this.#timer = new DueTimer(engine.clock, () => this.#tick());
    this.#openChannel = openChannel;
  }

  /** The list of endpoints, or what they are, has changed. */
  review(): void {
    if (this.#closed) return;
    for (const endpoint of this.#engine.endpoints.members) this.#reviewOne(endpoint);
    this.#arm();
  }

  /** The endpoint has left. */
  forget(endpoint: EndpointState): void {
    for (const poll of this.#polls.get(endpoint)?.values() ?? []) stop(poll);
    if (this.#polls.delete(endpoint)) this.#arm();
  }

  close(): void {
    this.#closed = true;
    for (const endpoint of [...this.#polls.keys()]) this.forget(endpoint);
  }

  #reviewOne(endpoint: EndpointState): void {
    const before = this.#polls.get(endpoint);
    const polls = new Map<string, Poll>();
    for (const source of endpoint.metrics) {
      if (source.path === undefined) continue;
      const poll = before?.get(source.key) ?? this.#begin(source);
      poll.source = source;
      polls.set(source.key, poll);
    }
    for (const [key, poll] of before ?? []) {
      if (polls.has(key)) continue;
      stop(poll);
      endpoint.readout.forget(key);
    }
    if (polls.size > 0) this.#polls.set(endpoint, polls);
    else this.#polls.delete(endpoint);
    followSleep(this.#engine, endpoint, polls.size > 0);
  }

  #begin(source: LoadSource): Poll {
    const { clock, random, options } = this.#engine;
    const { origin, interval } = source;
    return {
      source,
      channel:
        origin === undefined
          ? undefined
          : this.#openChannel(origin, { connectTimeout: options.timeouts.connect }),
      // Soon, and not all at once.
      due: clock.now() + interval * 0.1 * random(),
      call: undefined,
      startedAt: 0,
      outstanding: 0,
      failures: 0,
    };
  }

  #arm(): void {
    this.#timer.set(this.#all());
  }

  *#all(): Generator<Poll> {
    for (const polls of this.#polls.values()) yield* polls.values();
  }

  #tick(): void {
    const now = this.#engine.clock.now();
    for (const [endpoint, polls] of [...this.#polls]) {
      for (const poll of [...polls.values()]) {
        if (now < poll.due) continue;
        if (poll.call === undefined) this.#read(endpoint, poll, now);
        else {
          poll.call.abort();
          this.#answered(endpoint, poll, { problem: `no answer in ${TIMEOUT} ms` });
        }
      }
    }
    this.#arm();
  }

  #read(endpoint: EndpointState, poll: Poll, now: number): void {
    const { source, channel = endpoint.channel } = poll;
    if (source.path === undefined) return;
    poll.startedAt = now;
    poll.outstanding = endpoint.outstanding;
    poll.due = now + TIMEOUT;
    let answered = false;
    // The endpoint's key is for the endpoint's origin alone.
    const headers = poll.channel === undefined ? endpoint.headers : undefined;
    const call = readPage(channel, { path: source.path, headers }, (result) => {
      answered = true;
      this.#answered(endpoint, poll, result);
    });
    // undici may refuse at once, before `send` returns.
    if (!answered) poll.call = call;
  }

  #answered(endpoint: EndpointState, poll: Poll, result: PageResult): void {
    // It left, or the balancer closed, in the tick of its answer.
    if (this.#polls.get(endpoint)?.get(poll.source.key) !== poll) return;
    poll.call = undefined;
    const { interval } = poll.source;
    const problem = 'problem' in result ? result.problem : this.#observe(endpoint, poll, result.text);
    if (problem !== undefined && poll.failures++ === 0) this.#complain(endpoint, poll.source, problem);
    if (problem === undefined) poll.failures = 0;
    followSleep(this.#engine, endpoint, true);
    const longest = Math.max(interval, LONGEST_BACKOFF);
    // One that is kept out for what was read last is not left alone.
    const doublings = endpoint.lifecycle.isShut('sleep') ? 0 : Math.min(poll.failures, 16);
    const wait = Math.min(interval * 2 ** doublings, longest);
    const { clock, random } = this.#engine;
    poll.due = Math.max(clock.now(), poll.startedAt + wait * (0.8 + 0.2 * random()));
    this.#arm();
  }

  /** @returns what is wrong with the page, if anything is */
  #observe(endpoint: EndpointState, poll: Poll, text: string): string | undefined {
    const { parser, key, interval } = poll.source;
    let readings: LoadReadings | undefined;
    try {
      readings = parser.parse(text);
    } catch (error) {
      return `the parser threw: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (readings === undefined) return 'the page has none of the series that are looked for';
    const report = {
      ...readings,
      // As old as it can be.
      observedAt: poll.startedAt,
      // The most that it can have been, so that no request of ours is taken for another's.
      ownOutstanding: Math.max(poll.outstanding, endpoint.outstanding),
    };
    endpoint.readout.observe(key, report, FRESH_INTERVALS * interval);
    const { observers } = this.#engine;
    if (observers.wants('load-observed'))
      observers.tell({ type: 'load-observed', endpoint: endpoint.id, load: report });
    return undefined;
  }

  #complain(endpoint: EndpointState, { parser }: LoadSource, problem: string): void {
    const { observers, options } = this.#engine;
    options.logger.warn({ endpoint: endpoint.id, parser: parser.name, problem }, 'no load to be read');
    if (observers.wants('load-failed'))
      observers.tell({ type: 'load-failed', endpoint: endpoint.id, parser: parser.name, problem });
  }
}

function stop(poll: Poll): void {
  poll.call?.abort();
  void poll.channel?.destroy();
}
