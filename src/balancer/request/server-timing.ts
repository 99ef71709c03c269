import type { Clock } from '../../core/clock.js';
import type { TapClocks } from '../../sse/tap-clocks.js';

/** What a request waited for, as `Server-Timing` has it (https://www.w3.org/TR/server-timing/). */
export class ServerTiming {
  readonly #clock: Clock;
  readonly #startedAt: number;
  #queued = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Counts a wait for admission. */
  async queueing<Placed>(place: Promise<Placed>): Promise<Placed> {
    const since = this.#clock.now();
    const placed = await place;
    this.#queued += this.#clock.now() - since;
    return placed;
  }

  /**
   * The header's value, as in `queue;dur=12.5, connect;dur=0.8, first-token;dur=204.1`: ms.
   *
   * @param attempts made so far
   * @param clocks of the attempt that is answered with, if any
   */
  value(attempts: number, clocks?: TapClocks): string {
    const parts = [part('queue', this.#queued)];
    if (attempts > (clocks === undefined ? 0 : 1))
      parts.push(part('retry', (clocks?.begunAt ?? this.#clock.now()) - this.#startedAt - this.#queued));
    if (clocks?.connect !== undefined) parts.push(part('connect', clocks.connect));
    if (clocks?.firstToken !== undefined) parts.push(part('first-token', clocks.firstToken));
    else if (clocks?.headers !== undefined) parts.push(part('response', clocks.headers));
    return parts.join(', ');
  }
}

function part(name: string, milliseconds: number): string {
  return `${name};dur=${Math.round(milliseconds * 10) / 10}`;
}

/** Adds it to an answer's headers: name, value, name, value … What the endpoint says of itself is kept. */
export function addServerTiming(headers: string[], value: string): void {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== 'server-timing') continue;
    headers[index + 1] = `${headers[index + 1]}, ${value}`;
    return;
  }
  headers.push('server-timing', value);
}
