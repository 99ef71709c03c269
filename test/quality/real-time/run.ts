import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadBalancer, type SelectionPolicy } from 'evenkeel';
import { generateTrace, type TraceRequest } from 'evenkeel/simulation';
import { FLEET, startFleet } from './fleet.js';
import { startNginx } from './nginx.js';

/** A way to the fleet: a policy of ours with some weights, or nginx. */
export type Way =
  | 'nginx'
  | { readonly policy: () => SelectionPolicy; readonly weights: 'given' | 'true' | 'equal' };

export interface RealTimeOptions {
  readonly requests: number;
  readonly seed: number;
  /** Requests a second of the model's time. */
  readonly rate: number;
  /** Real ms for one of the model's. */
  readonly timeScale: number;
}

/** First tokens in ms of the model's time. */
export interface FirstTokens {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

const TOKEN_BYTES = 4;
/** Answers are a quarter as long as in the trace: what is compared comes before them. */
const SHORTER = 4;

/** Sends the same traffic, over real HTTP and in real time, to servers that are new each time. */
export async function realTime(way: Way, options: RealTimeOptions): Promise<FirstTokens> {
  const servers = await startFleet(options.timeScale);
  const urls = servers.map(({ url }) => url);
  const nginx = way === 'nginx' ? await startNginx(urls) : undefined;
  const balancer = way === 'nginx' ? undefined : balancerFor(way, urls);
  const send = (body: string) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    return balancer === undefined
      ? fetch(`${nginx?.url}/v1/chat/completions`, init)
      : balancer.fetch('/v1/chat/completions', init);
  };
  try {
    const trace = generateTrace({ shape: 'chat', requests: options.requests, seed: options.seed });
    return summary(await play(trace.requests, send, options));
  } finally {
    await balancer?.close();
    await nginx?.stop();
    await Promise.all(servers.map((server) => server.stop({ drain: 0 })));
  }
}

function balancerFor({ policy, weights }: Exclude<Way, 'nginx'>, urls: readonly string[]): LoadBalancer {
  return new LoadBalancer({
    policy: policy(),
    endpoints: urls.map((url, index) => {
      const { weight = 1, prefillRate = 1 } = FLEET[index] ?? {};
      return { url, weight: weights === 'given' ? weight : weights === 'true' ? prefillRate : 1 };
    }),
  });
}

/** @returns first tokens, in ms of the model's time */
async function play(
  requests: readonly TraceRequest[],
  send: (body: string) => Promise<Response>,
  { rate, timeScale }: RealTimeOptions,
): Promise<readonly number[]> {
  const last = requests.at(-1)?.at ?? 0;
  const stretch = ((1000 * requests.length) / rate / last) * timeScale;
  const start = performance.now();
  return Promise.all(
    requests.map(async ({ at, prompt, output }) => {
      await sleep(Math.max(0, start + at * stretch - performance.now()));
      const content = 'x'.repeat(Math.max(1, prompt * TOKEN_BYTES));
      const sentAt = performance.now();
      const answer = await send(
        JSON.stringify({
          model: 'mock-model',
          stream: true,
          max_tokens: Math.ceil(output / SHORTER),
          messages: [{ role: 'user', content }],
        }),
      );
      if (answer.status !== 200 || answer.body === null) throw new Error(`status ${answer.status}`);
      return (await firstContent(answer.body)) - sentAt;
    }),
  ).then((times) => times.map((time) => time / timeScale));
}

/** Reads a stream to its end. @returns when its first content came: servers begin with an event without any */
async function firstContent(body: ReadableStream<Uint8Array>): Promise<number> {
  let first: number | undefined;
  let head = '';
  for await (const chunk of body) {
    if (first !== undefined) continue;
    head += Buffer.from(chunk).toString('latin1');
    if (/"content":"[^"]/.test(head)) first = performance.now();
  }
  if (first === undefined) throw new Error('an answer without content');
  return first;
}

function summary(times: readonly number[]): FirstTokens {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { mean: times.reduce((sum, time) => sum + time, 0) / times.length, p50: at(0.5), p99: at(0.99) };
}
