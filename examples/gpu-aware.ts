/**
 * Goes by what engines say of themselves: a server that other clients keep busy is left alone, though this balancer
 * has sent it nothing. Needs nothing else to run:
 *
 *     npx tsx examples/gpu-aware.ts
 */
import { LoadBalancer, type Scorer } from 'evenkeel';
import { defaultScorers, scored } from 'evenkeel/policies/scored';
import { vllm } from 'evenkeel/signals/vllm';
import { MockLlmServer } from 'evenkeel/testing';

/** Rates by the room in the KV cache; a GPU that is busy while its engine is not works for somebody else. */
const gpuHeadroom: Scorer = {
  name: 'gpu-headroom',
  score: (candidates) =>
    candidates.map(({ load }) => {
      if (load?.kvCacheUsage === undefined) return undefined;
      const somebodyElses = load.running === 0 && (load.gpuUtilization ?? 0) > 0.5;
      return (somebodyElses ? 0.1 : 1) * (1 - load.kvCacheUsage);
    }),
};

const service = { slots: 4, stepTime: 5, kvCacheTokens: 2_000 };
const [busy, idle] = await Promise.all([
  MockLlmServer.start({ name: 'busy', service, tokens: 100_000 }),
  MockLlmServer.start({ name: 'idle', service }),
]);

const request = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'mock-model',
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
  }),
};
// Somebody else's load: it does not go through our balancer.
const others = new AbortController();
const theirs = Array.from({ length: 6 }, () =>
  fetch(`${busy.url}/v1/chat/completions`, { ...request, signal: others.signal }),
);
await busy.waitFor(({ active }) => active === 6);

const balancer = new LoadBalancer({
  endpoints: [
    { id: 'busy', url: busy.url, metrics: { parser: vllm() } },
    { id: 'idle', url: idle.url, metrics: { parser: vllm() } },
  ],
  policy: scored({ scorers: [...defaultScorers(), { scorer: gpuHeadroom, weight: 2 }] }),
});
await new Promise<void>((resolve) => {
  balancer.observe(({ type }) => {
    if (type === 'load-observed' && balancer.endpoints.every(({ load }) => load !== undefined)) resolve();
  });
});

for (const { id, load } of balancer.endpoints)
  console.log(`${id}: ${load?.running} running, ${load?.waiting} waiting`);

const answer = await balancer.fetch('/v1/chat/completions', request);
console.log(`Answered by ${answer.headers.get('x-evenkeel-endpoint')}.`);
await answer.text();
for (const { endpoint, score, terms } of balancer.explain().scores)
  console.log(`${endpoint}: ${score.toFixed(2)}`, terms);

others.abort();
// Kept until here: an answer that nobody holds is collected, and its connection closed.
await Promise.allSettled(theirs);
await balancer.close();
await Promise.all([busy.kill(), idle.kill()]);
