/** A process that sends requests through one balancer, with telemetry attached to it and taken off again. */
import { type BalancerEvent, LoadBalancer } from 'evenkeel';
import { prometheusMetrics } from 'evenkeel/prometheus';
import type { Figures } from '../harness/comparison.js';
import { QUESTION } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

export interface TelemetryRound {
  /** Of every way. */
  readonly milliseconds: number;
}

interface Sums {
  requests: number;
  cpu: number;
  milliseconds: number;
}

const CONCURRENCY = 64;
/** In ms: so short that what disturbs the machine disturbs all ways alike. */
const SLICE = 25;
const urls: readonly string[] = JSON.parse(process.argv[2] ?? '[]');
const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })) });
const address = `${balancer.baseURL}/chat/completions`;
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

/** Each attaches something, and takes it off. */
const WAYS: Readonly<Record<string, () => () => void>> = {
  off: () => () => {},
  metrics: () => prometheusMetrics(balancer).stop,
  'metrics and events': () => {
    const { stop } = prometheusMetrics(balancer);
    const leave = balancer.observe(look);
    return () => {
      stop();
      leave();
    };
  },
  'metrics, events and records': () => {
    const { stop } = prometheusMetrics(balancer);
    const leave = balancer.observe(look, { records: true });
    return () => {
      stop();
      leave();
    };
  },
};

/** Adds what requests of one slice cost to what those of the slices before it did. */
async function slice(way: string, sums: Sums): Promise<void> {
  const detach = WAYS[way]?.();
  let requests = 0;
  const cpu = cpuTime();
  const began = performance.now();
  const sender = async () => {
    while (performance.now() - began < SLICE) {
      await (await balancer.fetch(address, REQUEST)).json();
      requests++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sender));
  sums.cpu += cpuTime() - cpu;
  sums.milliseconds += performance.now() - began;
  sums.requests += requests;
  detach?.();
}

/** A round: slices of every way in turns, there and back, so that none always follows the same other. */
async function measure({ milliseconds }: TelemetryRound): Promise<Record<string, Figures>> {
  const ways = Object.keys(WAYS);
  const sums = new Map(ways.map((way) => [way, { requests: 0, cpu: 0, milliseconds: 0 }]));
  const turns = [...sums, ...[...sums].reverse()];
  for (let spent = 0; spent < milliseconds; spent += 2 * SLICE)
    for (const [way, sum] of turns) await slice(way, sum);
  const figures = [...sums].map(([way, { requests, cpu, milliseconds }]) => [
    way,
    { rate: (requests / milliseconds) * 1000, cpu: cpu / requests, told: seen },
  ]);
  return Object.fromEntries(figures);
}

serveParent('ready', (round) => measure(JSON.parse(round)));
