import type { Clock, Random } from '../../src/core/clock.js';
import type { EndpointChannel, OpenChannel } from '../../src/core/transport.js';
import { DONE, FakeCall, JSON_BODY, TOKEN } from '../support/fake-wire.js';

/** Each answer is so many tokens long. */
const TOKENS = 4;
export const EXPECTED = 'x'.repeat(TOKENS);
const ANSWER = `{"choices":[{"message":{"content":"${EXPECTED}"}}]}`;

type Plan = (call: FakeCall) => void;

/** Model servers in virtual time: as slow, as unreliable and as often down as a seed says. Keeps no call that is over. */
export class VirtualServers {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By url: the channel that the balancer opened last. */
  readonly #channels = new Map<string, VirtualChannel>();
  readonly #down = new Set<string>();
  /** Attempts in all. */
  attempts = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  readonly open: OpenChannel = (url) => {
    const channel = new VirtualChannel((call) => this.#serve(call), url);
    this.#channels.set(url, channel);
    return channel;
  };

  /** Attempts that the server at `url` is working on, as it counts them itself. */
  active(url: string): number {
    return this.#channels.get(url)?.live.size ?? 0;
  }

  /** As a killed process: what is under way is reset, what comes is refused. */
  kill(url: string, time: number): void {
    this.#down.add(url);
    for (const call of [...(this.#channels.get(url)?.live ?? [])]) call.fail();
    this.#clock.setTimer(() => this.#down.delete(url), time);
  }

  #serve(call: FakeCall): void {
    this.attempts++;
    const random = this.#random;
    const down = this.#down.has(call.url);
    this.#after(1, () => {
      if (down) return call.fail('ECONNREFUSED');
      call.sent(random() < 0.5);
      this.#after(30 + random() * 300, () => this.#answer(call));
    });
  }

  #answer(call: FakeCall): void {
    const random = this.#random;
    const streams = String(call.request.body).includes('"stream":true');
    const luck = random();
    if (luck < 0.15) return (FAULTS[Math.floor(random() * FAULTS.length)] as Plan)(call);
    if (!streams) return void call.headers(200, JSON_BODY).data(ANSWER).end();
    // How many tokens come before it goes wrong; most often none goes wrong.
    const ends = luck < 0.22 ? Math.floor(random() * TOKENS) : undefined;
    this.#stream(call.headers(), 0, ends);
  }

  #stream(call: FakeCall, sent: number, ends: number | undefined): void {
    if (call.over) return;
    if (sent === ends) return this.#breakOff(call);
    if (sent === TOKENS) return call.data(DONE).end();
    call.data(TOKEN);
    this.#after(5 + this.#random() * 40, () => this.#stream(call, sent + 1, ends));
  }

  #breakOff(call: FakeCall): void {
    const luck = this.#random();
    if (luck < 0.3) call.fail();
    else if (luck < 0.6) call.end();
    else if (luck < 0.8) call.data('data: {"error":{"message":"engine","type":"server_error"}}\n\n').end();
    // Else it says no more.
  }

  #after(delay: number, act: () => void): void {
    this.#clock.setTimer(act, delay);
  }
}

const FAULTS: readonly Plan[] = [
  (call) => call.fail(),
  (call) => call.status(500),
  (call) => call.status(503),
  (call) => call.status(429),
  (call) => call.status(429, { 'retry-after-ms': '700' }),
  (call) => call.status(400),
  (call) => call.end(),
  // Hangs, before or after its headers.
  () => {},
  (call) => void call.headers(),
];

class VirtualChannel implements EndpointChannel {
  readonly live = new Set<FakeCall>();
  readonly #serve: (call: FakeCall) => void;
  readonly #url: string;

  constructor(serve: (call: FakeCall) => void, url: string) {
    this.#serve = serve;
    this.#url = url;
  }

  send(...[request, handler]: Parameters<EndpointChannel['send']>): FakeCall {
    const call = new FakeCall(this.#url, request, handler);
    this.live.add(call);
    call.onOver = () => this.live.delete(call);
    this.#serve(call);
    return call;
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    for (const call of [...this.live]) call.fail('UND_ERR_DESTROYED');
  }
}
