import { setTimeout as sleep } from 'node:timers/promises';
import type { SelectionPolicy } from 'evenkeel';
import OpenAI from 'openai';
import { startApp } from './app.js';
import { BalancerTally } from './endpoint-tally.js';
import type { Server } from './fleet.js';
import { LiveTable } from './live-table.js';
import type { Load } from './load.js';
import { ask, type Question } from './question.js';
import { UserTally } from './user-tally.js';

/** Longest wait beyond a run's end for the killed server to get traffic again, in ms. */
const GRACE = 10_000;
const GRACE_STEP = 100;

/** One run of the load. */
export interface Scenario {
  readonly title: string;
  readonly servers: readonly Server[];
  readonly policy: SelectionPolicy;
  readonly load: Load;
  /** Milliseconds. */
  readonly length: number;
  readonly model: string;
}

export interface RunResult {
  readonly title: string;
  readonly users: UserTally;
  readonly balancer: BalancerTally;
  /** Seconds until the last answer. */
  readonly duration: number;
  /** Absent where no server was killed. */
  readonly killed: { readonly id: string; readonly servedAfterReturn: number } | undefined;
}

/** Starts the app, lets the users at it, kills the fastest server a third of the way through, brings it back halfway. */
export async function run(scenario: Scenario): Promise<RunResult> {
  const { servers, policy, load, length } = scenario;
  const app = await startApp({
    endpoints: servers.map(({ id, url, weight }) => ({ id, url, weight })),
    policy,
    // Hours of a service's life pass in seconds here, and so does the time a failed server is left alone.
    breaker: { openFor: length / 24 },
    slowStart: { window: length / 12 },
  });
  const users = new UserTally();
  const balancer = new BalancerTally(app.balancer);
  const table = new LiveTable(
    `${scenario.title} (live page at ${app.url}/_balancer, metrics at ${app.url}/metrics)`,
    app.balancer,
    balancer,
    users,
  );
  const began = performance.now();
  const outage = new Outage(servers, balancer, (news) => table.note(news));
  const failure = outage.happen(length);
  const left = () => {
    const elapsed = performance.now() - began;
    if (elapsed < length) return length - elapsed;
    return outage.trafficReturned || elapsed > length + GRACE ? 0 : GRACE_STEP;
  };
  try {
    // The client's own retries are off: what is retried here, the balancer retries.
    const client = new OpenAI({ apiKey: 'unused', baseURL: `${app.url}/v1`, maxRetries: 0 });
    await load((question) => converse(client, scenario, question, users), left);
    await failure;
    return {
      title: scenario.title,
      users,
      balancer,
      duration: (performance.now() - began) / 1000,
      killed: outage.report,
    };
  } finally {
    table.close();
    await app.close();
  }
}

/** Sends a crowd of short questions first, so that the first run is not slowed by code that is not compiled yet. */
export async function warmUp(servers: readonly Server[], model: string): Promise<void> {
  const app = await startApp({ endpoints: servers.map(({ url }) => ({ url })) });
  try {
    const client = new OpenAI({ apiKey: 'unused', baseURL: `${app.url}/v1`, maxRetries: 0 });
    const question = { promptTokens: 100, answerTokens: 16 };
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 60 }, () => ask(client, model, question)));
    }
  } finally {
    await app.close();
  }
}

/** A stream that breaks off is asked for once more, by the application: the balancer may not, since part of it was read. */
async function converse(
  client: OpenAI,
  { model, servers }: Scenario,
  question: Question,
  users: UserTally,
): Promise<void> {
  let reading = await ask(client, model, question);
  if (reading.kind === 'broken') {
    users.brokenStreams++;
    reading = await ask(client, model, question);
  }
  if (reading.kind !== 'complete') return users.failed(reading.reason);
  const expected = servers[0]?.mock?.completionText(question.answerTokens);
  if (expected !== undefined && reading.text !== expected) return users.failed('the text was not whole');
  users.complete(reading.firstToken);
}

/** The fastest server's death and return, if it is the demo's to kill. */
class Outage {
  readonly #victim: Server | undefined;
  readonly #balancer: BalancerTally;
  readonly #tell: (news: string) => void;
  #servedBefore: number | undefined;

  constructor(servers: readonly Server[], balancer: BalancerTally, tell: (news: string) => void) {
    const [fastest] = [...servers].sort((one, other) => other.weight - one.weight);
    this.#victim = fastest?.mock && fastest;
    this.#balancer = balancer;
    this.#tell = tell;
  }

  async happen(length: number): Promise<void> {
    const { id, mock } = this.#victim ?? {};
    if (id === undefined || mock === undefined) return;
    await sleep(length / 3);
    this.#tell(`${id} is killed: its sockets are cut, new connections are refused`);
    await mock.kill();
    await sleep(length / 6);
    await mock.restart();
    this.#servedBefore = this.#balancer.served(id);
    this.#tell(`${id} is back`);
  }

  get trafficReturned(): boolean {
    return this.#victim === undefined || (this.report?.servedAfterReturn ?? 0) > 0;
  }

  get report(): RunResult['killed'] {
    if (this.#victim === undefined) return undefined;
    const { id } = this.#victim;
    const servedAfterReturn =
      this.#servedBefore === undefined ? 0 : this.#balancer.served(id) - this.#servedBefore;
    return { id, servedAfterReturn };
  }
}
