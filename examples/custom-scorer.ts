/**
 * A scorer of one's own: rather the GPU with memory to spare. Needs nothing else to run:
 *
 *     npx tsx examples/custom-scorer.ts
 */
import { type EndpointScorer, LoadBalancer } from 'evenkeel';
import { scored } from 'evenkeel/policies/scored';
import { latency } from 'evenkeel/scorers/latency';
import { outstanding } from 'evenkeel/scorers/outstanding';
import { MockLlmServer } from 'evenkeel/testing';

/** Share of GPU memory in use, by endpoint id. Fill it from your exporter; here it is made up. */
const vramUsed = new Map<string, number>();

/** 1 for an empty GPU, 0 for a full one, `undefined` where there is no reading. */
const vramFree: EndpointScorer = (endpoint) => {
  const used = vramUsed.get(endpoint.id);
  return used === undefined ? undefined : 1 - used;
};

const [full, spare] = await Promise.all([
  MockLlmServer.start({ name: 'full' }),
  MockLlmServer.start({ name: 'spare' }),
]);
const balancer = new LoadBalancer({
  endpoints: [
    { id: 'full', url: full.url },
    { id: 'spare', url: spare.url },
  ],
  policy: scored({
    // The counts move with each request, readings only now and then: so they weigh the most.
    scorers: [{ scorer: outstanding(), weight: 2 }, { scorer: vramFree, weight: 1 }, latency()],
  }),
});
balancer.observe({ 'scorer-failed': ({ scorer, problem }) => console.warn(`${scorer} failed: ${problem}`) });

vramUsed.set('full', 0.97);
vramUsed.set('spare', 0.35);

const request = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hello' }] }),
};
const answer = await balancer.fetch('/v1/chat/completions', request);
console.log(`Answered by ${answer.headers.get('x-evenkeel-endpoint')}.`);
await answer.text();

// Why, term by term. Without a reading or an average for every endpoint a term is left out.
for (const { endpoint, score, terms } of balancer.explain().scores)
  console.log(`${endpoint}: ${score.toFixed(2)}`, terms);

await balancer.close();
await Promise.all([full.stop(), spare.stop()]);
