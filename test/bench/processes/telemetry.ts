/** A process that sends requests through one balancer, with telemetry attached to it and taken off again. */
import { type BalancerEvent, LoadBalancer } from 'evenkeel';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { QUESTION } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

export interface TelemetryTurn {
  readonly way: string;
  readonly milliseconds: number;
}

const CONCURRENCY = 64;
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

async function measure({ way, milliseconds }: TelemetryTurn) {
  const detach = WAYS[way]?.();
  if (detach === undefined) throw new Error(`No such way: ${way}`);
  let requests = 0;
  const cpu = cpuTime();
  const began = performance.now();
  const sender = async () => {
    while (performance.now() - began < milliseconds) {
      await (await balancer.fetch(address, REQUEST)).json();
      requests++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sender));
  const used = cpuTime() - cpu;
  const seconds = (performance.now() - began) / 1000;
  detach();
  return { rate: requests / seconds, cpu: used / requests, told: seen };
}

serveParent(Object.keys(WAYS), (turn) => measure(JSON.parse(turn)));
