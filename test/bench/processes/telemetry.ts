/** A process that sends requests through balancers that differ in nothing but the telemetry attached to them. */
import { type BalancerEvent, LoadBalancer } from 'evenkeel';
import { prometheusMetrics } from 'evenkeel/prometheus';
import type { Figures } from '../harness/comparison.js';
import { QUESTION } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

export interface TelemetryRound {
  /** For each way. */
  readonly milliseconds: number;
}

const CONCURRENCY = 64;
/** In ms: so short that what disturbs the machine disturbs all ways alike. */
const SLICE = 25;
const [urls, ways]: readonly (readonly string[])[] = process.argv.slice(2).map((list) => JSON.parse(list));
const REQUEST = {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
  body: QUESTION,
} as const;

/** What an observer must do at least: look at what it is told. */
let seen = 0;
const look = ({ type }: BalancerEvent) => {
  if (type === 'request-finished') seen++;
};

const ATTACH: Readonly<Record<string, (balancer: LoadBalancer) => unknown>> = {
  off: () => undefined,
  'off again': () => undefined,
  'off, beside records': () => undefined,
  metrics: (balancer) => prometheusMetrics(balancer),
  'metrics and events': (balancer) => [prometheusMetrics(balancer), balancer.observe(look)],
  'metrics, events and records': (balancer) => [
    prometheusMetrics(balancer),
    balancer.observe(look, { records: true }),
  ],
};

/** A balancer, and what its requests have cost in this round. */
class Watched {
  readonly #balancer = new LoadBalancer({ endpoints: (urls ?? []).map((url) => ({ url })) });
  readonly #address = `${this.#balancer.baseURL}/chat/completions`;
  readonly way: string;
  #requests = 0;
  #cpu = 0;
  #milliseconds = 0;

  constructor(way: string) {
    this.way = way;
    const attach = ATTACH[way];
    if (attach === undefined) throw new Error(`No such way: ${way}`);
    attach(this.#balancer);
  }

  async slice(): Promise<void> {
    const cpu = cpuTime();
    const began = performance.now();
    const sender = async () => {
      while (performance.now() - began < SLICE) {
        await (await this.#balancer.fetch(this.#address, REQUEST)).json();
        this.#requests++;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, sender));
    this.#cpu += cpuTime() - cpu;
    this.#milliseconds += performance.now() - began;
  }

  /** Ends the round. */
  figures(): Figures {
    const [requests, cpu, milliseconds] = [this.#requests, this.#cpu, this.#milliseconds];
    this.#requests = this.#cpu = this.#milliseconds = 0;
    return { rate: (requests / milliseconds) * 1000, cpu: cpu / requests, told: seen };
  }
}

const all = (ways ?? []).map((way) => new Watched(way));

async function measure({ milliseconds }: TelemetryRound): Promise<Record<string, Figures>> {
  // In an order of chance: whoever followed itself, or always the same other, would find warmer caches.
  for (let spent = 0; spent < milliseconds; spent += SLICE)
    for (const watched of shuffled(all)) await watched.slice();
  return Object.fromEntries(all.map((watched) => [watched.way, watched.figures()]));
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

serveParent('ready', (round) => measure(JSON.parse(round)));
