/** A process that sends requests in one of the ways to be compared. */
import { LoadBalancer } from 'evenkeel';
import { QUESTION, question } from '../harness/payload.js';
import { percentiles } from '../harness/percentiles.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';
import { leastOutstandingPools } from './bare-proxy.js';

export interface ClientTask {
  readonly way: string;
  readonly urls: readonly string[];
  /** Requests under way at a time. Default 64. */
  readonly concurrency?: number;
  /** Bytes of a question. Default 255. */
  readonly bytes?: number;
}

const task: ClientTask = JSON.parse(process.argv[2] ?? '{}');
const { urls, concurrency = 64 } = task;
const [url = ''] = urls;
const body = task.bytes === undefined ? QUESTION : question(task.bytes);
const PATH = '/v1/chat/completions';
const REQUEST = {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
  body,
} as const;
const balancerOfAll = () => new LoadBalancer({ endpoints: urls.map((each) => ({ url: each })) });

type Send = () => Promise<unknown>;

const WAYS: Readonly<Record<string, () => Send | Promise<Send>>> = {
  'balancer.fetch': () => {
    const balancer = balancerOfAll();
    const address = `${balancer.baseURL}/chat/completions`;
    return async () => (await balancer.fetch(address, REQUEST)).json();
  },
  'global fetch': () => async () => (await fetch(url + PATH, REQUEST)).json(),
  'Pool.request in a Response': () => {
    const pick = leastOutstandingPools(urls);
    return async () => {
      const place = pick();
      const { statusCode, headers, body: answer } = await place.pool.request({ path: PATH, ...REQUEST });
      const text = await answer.text();
      place.outstanding--;
      return new Response(text, { status: statusCode, headers: headers as Record<string, string> }).json();
    };
  },
  'OpenAI client with balancer.fetch': async () => {
    const Client = await openaiClient();
    const balancer = balancerOfAll();
    const { baseURL, fetch } = balancer;
    const client = new Client({ apiKey: 'sk-bench', baseURL, fetch, maxRetries: 0 });
    return () => client.chat.completions.create(JSON.parse(body));
  },
  'OpenAI client': async () => {
    const Client = await openaiClient();
    const client = new Client({ apiKey: 'sk-bench', baseURL: `${url}/v1`, maxRetries: 0 });
    return () => client.chat.completions.create(JSON.parse(body));
  },
  BalancedDispatcher: async () => {
    const { BalancedDispatcher } = await import('evenkeel/dispatcher');
    const dispatcher = new BalancedDispatcher(balancerOfAll());
    const options = { origin: 'http://models.invalid', path: PATH, ...REQUEST };
    return async () => (await dispatcher.request(options)).body.json();
  },
  'least outstanding of three Pools': () => {
    const pick = leastOutstandingPools(urls);
    return async () => {
      const place = pick();
      const answer = await (await place.pool.request({ path: PATH, ...REQUEST })).body.json();
      place.outstanding--;
      return answer;
    };
  },
};

/** openai 7 asks for Node 22; for this one call its types are those of 6. */
async function openaiClient() {
  const { default: client } = await import('openai');
  if (Number(process.versions.node.split('.')[0]) < 22) return client;
  return (await import('openai7')).default as unknown as typeof client;
}

/** Sends until there is no more to do. @param more whether to begin another, asked with the time */
async function measure(send: Send, more: (now: number) => boolean) {
  const latencies: number[] = [];
  const cpu = cpuTime();
  const began = performance.now();
  const sender = async () => {
    for (;;) {
      const sent = performance.now();
      if (!more(sent)) return;
      await send();
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  const seconds = (performance.now() - began) / 1000;
  const requests = latencies.length;
  return { rate: requests / seconds, cpu: (cpuTime() - cpu) / requests, ...percentiles(latencies) };
}

function memory() {
  // What finalizers let go of in the first round goes in the second.
  for (let round = 0; round < 2; round++) globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, rss: rss / 1e6 };
}

const way = WAYS[task.way];
if (way === undefined) throw new Error(`No such way: ${task.way}`);
const send = await way();
/** `memory`, `requests N`, or so many ms. */
serveParent('ready', async (message) => {
  if (message === 'memory') return memory();
  const requests = /^requests (\d+)$/.exec(message)?.[1];
  if (requests === undefined) {
    const end = performance.now() + Number(message);
    return measure(send, (now) => now < end);
  }
  let left = Number(requests);
  return measure(send, () => left-- > 0);
});
