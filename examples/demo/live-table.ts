import type { LoadBalancer } from 'evenkeel';
import type { BalancerTally } from './endpoint-tally.js';
import { inTime, textTable } from './text-table.js';
import type { UserTally } from './user-tally.js';

const HEADING = ['endpoint', 'state', 'outstanding', 'served', 'tokens/s', 'first token p50', 'p95'];

/** The state of the endpoints: redrawn in place on a terminal, written again every two seconds elsewhere. */
export class LiveTable {
  readonly #balancer: LoadBalancer;
  readonly #tally: BalancerTally;
  readonly #users: UserTally;
  readonly #began = performance.now();
  readonly #live = process.stdout.isTTY === true;
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(title: string, balancer: LoadBalancer, tally: BalancerTally, users: UserTally) {
    this.#balancer = balancer;
    this.#tally = tally;
    this.#users = users;
    process.stdout.write(`\n== ${title}\n`);
    this.#timer = setInterval(() => this.#draw(), this.#live ? 250 : 2_000);
  }

  /** A line that stays. */
  note(news: string): void {
    this.#erase();
    process.stdout.write(`\n${this.#time} ${news}\n`);
    if (this.#live) this.#draw();
  }

  /** Leaves the last state standing. */
  close(): void {
    clearInterval(this.#timer);
    this.#draw();
  }

  get #time(): string {
    return `${((performance.now() - this.#began) / 1000).toFixed(1).padStart(5)} s`;
  }

  #draw(): void {
    this.#erase();
    const { answered, errors, brokenStreams } = this.#users;
    const counts = `answered ${answered}, errors ${errors}, retries ${this.#tally.retries}, broken streams asked again ${brokenStreams}`;
    const lines = ['', `${this.#time}  ${counts}`, ...textTable(HEADING, this.#rows())];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (this.#live) this.#drawn = lines.length;
  }

  #rows(): string[][] {
    return this.#balancer.endpoints.map(({ id, state, outstanding }) => {
      const tally = this.#tally.endpoints.get(id);
      return [
        id,
        state,
        String(outstanding),
        String(tally?.served ?? 0),
        (tally?.tokensPerSecond ?? 0).toFixed(0),
        inTime(tally?.recentFirstToken(0.5)),
        inTime(tally?.recentFirstToken(0.95)),
      ];
    });
  }

  /** Takes the table off the terminal: so many lines up, then clears to the end. */
  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\u001b[${this.#drawn}F\u001b[J`);
    this.#drawn = 0;
  }
}
