/**
 * Two servers of which nothing is said: one works off prompts ten times as fast. Needs nothing else to run:
 *
 *     npx tsx examples/adaptive.ts
 */
import { adaptive, LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';

const [fast, slow] = await Promise.all([
  MockLlmServer.start({ name: 'fast', service: { prefillRate: 20_000, stepTime: 1 } }),
  MockLlmServer.start({ name: 'slow', service: { prefillRate: 2_000, stepTime: 1 } }),
]);
const balancer = new LoadBalancer({
  endpoints: [
    { id: 'fast', url: fast.url },
    { id: 'slow', url: slow.url },
  ],
  policy: adaptive(),
});

const served = new Map<string, number>();
let questions = 0;
/** A prompt of so many tokens, about, unlike any other; reads the answer to its end. */
async function ask(tokens: number): Promise<void> {
  const content = `Question ${questions++}: ${'word '.repeat((tokens * 4) / 5)}`;
  const answer = await balancer.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'mock-model',
      stream: true,
      messages: [{ role: 'user', content }],
    }),
  });
  const endpoint = answer.headers.get('x-evenkeel-endpoint') ?? 'none';
  served.set(endpoint, (served.get(endpoint) ?? 0) + 1);
  await answer.text();
}

// Three callers at a time, with prompts of all lengths.
const caller = async (first: number) => {
  for (let turn = 0; turn < 25; turn++) await ask(100 + ((first + turn * 370) % 2000));
};
await Promise.all([caller(0), caller(700), caller(1400)]);
for (const [endpoint, count] of served) console.log(`${endpoint}: ${count} requests`);

// What it expects of a prompt of 1 000 tokens now, in ms, and why.
for (const { endpoint, score, terms } of balancer.explain({ promptTokens: 1000 }).scores)
  console.log(`${endpoint}: ${score.toFixed(0)} ms`, terms);
console.log(`A prompt of 1 000 tokens would go to ${balancer.explain({ promptTokens: 1000 }).choice}.`);

await balancer.close();
await Promise.all([fast.stop(), slow.stop()]);
