/**
 * Your own GPUs first; a hosted API takes what they have no room for, and everything when they fail.
 * The hosted API has a key, a base path and another name for the model: all of that is told once, here.
 *
 *     npx tsx examples/overflow-to-hosted-api.ts
 */
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import OpenAI from 'openai';

// Stand-ins for two GPU servers and for a hosted API, which knows the model by another name alone.
const own = await Promise.all(
  ['gpu-1', 'gpu-2'].map((name) =>
    MockLlmServer.start({ name, models: ['llama-3.1-8b'], service: { stepTime: 5 } }),
  ),
);
const hosted = await MockLlmServer.start({ name: 'hosted', models: ['hosted-small'], strictModels: true });

const balancer = new LoadBalancer({
  endpoints: [
    // Tier 0. More than `maxOutstanding` at once would only make each other wait.
    ...own.map(({ url, name }) => ({ url, id: name, maxOutstanding: 4 })),
    {
      id: 'hosted',
      url: `${hosted.url}/v1`,
      // Asked only when tier 0 is full, cooling off or out of order.
      tier: 1,
      // Replaces the caller's header here, and is sent nowhere else.
      headers: { authorization: `Bearer ${process.env.HOSTED_API_KEY ?? 'secret'}` },
      // Asked for as llama-3.1-8b, served as hosted-small.
      models: { 'llama-3.1-8b': 'hosted-small' },
      // A ceiling for the bill. What is above it waits in the balancer's queue.
      maxOutstanding: 10,
    },
  ],
});
const client = new OpenAI({
  apiKey: 'unused',
  baseURL: balancer.baseURL,
  fetch: balancer.fetch,
  maxRetries: 0,
});

/** Asks so many questions at once and counts the answers by endpoint. */
async function ask(count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: count }, async () => {
      const { response } = await client.chat.completions
        .create({ model: 'llama-3.1-8b', messages: [{ role: 'user', content: 'Say hello.' }] })
        .withResponse();
      const endpoint = response.headers.get('x-evenkeel-endpoint') ?? 'none';
      counts[endpoint] = (counts[endpoint] ?? 0) + 1;
    }),
  );
  return counts;
}

console.log(' 6 at once, which the GPUs can hold:      ', await ask(6));
console.log('14 at once, of which the GPUs hold 8:     ', await ask(14));
await Promise.all(own.map((server) => server.kill()));
console.log(' 6 at once, after both GPUs have gone:    ', await ask(6));

const names = new Set(hosted.requests.map(({ body }) => (body as { model: string }).model));
console.log('The hosted API was asked for:             ', ...names);
console.log('Your servers saw the hosted API key:      ', own.some(sawKey));

await balancer.close();
await hosted.stop();

function sawKey({ requests }: MockLlmServer): boolean {
  return requests.some(({ headers }) => headers.authorization?.includes('secret'));
}
