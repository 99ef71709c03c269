/**
 * A Fastify app in front of model servers, with API keys of its own. Tries itself out on mock servers and ends:
 *
 *     npx tsx examples/fastify.ts
 *
 * Given servers, it serves on port 3000 (PORT) until it is told to stop:
 *
 *     npx tsx examples/fastify.ts http://10.0.1.10:8000 http://10.0.1.11:8000
 */
import { LoadBalancer } from 'evenkeel';
import { fastifyBalancer, healthHandler } from 'evenkeel/fastify';
import { MockLlmServer } from 'evenkeel/testing';
import fastify from 'fastify';

/** Who may ask, and whose requests go first when all servers are busy. */
const tenants = new Map([
  ['Bearer key-of-the-website', { name: 'website', priority: 10 }],
  ['Bearer key-of-the-nightly-job', { name: 'nightly-job', priority: 0 }],
]);

const urls = process.argv.slice(2);
const trial = urls.length === 0;
const mocks = trial ? await Promise.all([MockLlmServer.start(), MockLlmServer.start()]) : [];

const balancer = new LoadBalancer({
  endpoints: [...urls, ...mocks.map(({ url }) => url)].map((url) => ({ url, maxOutstanding: 64 })),
});

const app = fastify();
app.get('/health', healthHandler(balancer));
await app.register(async (scope) => {
  scope.addHook('onRequest', async (request, reply) => {
    if (!tenants.has(request.headers.authorization ?? '')) {
      await reply.code(401).send({ error: { message: 'Unknown key', type: 'invalid_request_error' } });
    }
  });
  await scope.register(fastifyBalancer, {
    balancer,
    prefix: '/v1',
    closeBalancer: true,
    // The key was for this app: it goes no further.
    headers: () => ({ authorization: undefined }),
    overrides: ({ headers }) => {
      const tenant = tenants.get(headers.authorization ?? '');
      return { priority: tenant?.priority, affinityKey: tenant?.name };
    },
  });
});

const origin = await app.listen({ port: trial ? 0 : Number(process.env.PORT ?? 3000) });
console.log(`Listening on ${origin}`);

if (trial) {
  const ask = (key: string) =>
    fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hello' }] }),
    });
  const refused = await ask('stolen');
  console.log(`A stranger gets ${refused.status}`);
  await refused.text();
  const answer = await ask('key-of-the-website');
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
  console.log(`The website gets ${answer.status}: ${choices[0]?.message.content}`);
  const leaked = mocks.flatMap(({ requests }) => requests).some(({ headers }) => headers.authorization);
  console.log(`Its key ${leaked ? 'went to' : 'was kept from'} the model servers`);
  await app.close();
  await Promise.all(mocks.map((mock) => mock.stop()));
} else {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => app.close());
}
