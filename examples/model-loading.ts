/**
 * A server that loads its model for minutes answers 503 meanwhile, or refuses connections. With `healthPath` it gets
 * no request before it is ready; after a crash it gets none before its health is good again.
 *
 *     npx tsx examples/model-loading.ts
 */
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';

// Stand-ins for two GPU servers, of which the second is still loading its model.
const [ready, loading] = await Promise.all([
  MockLlmServer.start({ name: 'ready' }),
  MockLlmServer.start({ name: 'loading' }),
]);
loading.healthy = false;

const balancer = new LoadBalancer({
  endpoints: [ready, loading].map(({ url, name }) => ({
    id: name,
    url,
    // vLLM, SGLang, TGI and llama.cpp all have this one. From the root of the server, whatever base path `url` has.
    healthPath: '/health',
  })),
  // So short only so that the example is: the default, 5 s, does for real servers.
  probe: { interval: 100 },
  // The same: a newcomer has its whole weight at once.
  slowStart: false,
});

/** Resolves when an endpoint is in a state. */
function reached(id: string, state: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = balancer.observe({
      'endpoint-state'({ endpoint, to }) {
        if (endpoint !== id || to !== state) return;
        stop();
        resolve();
      },
    });
  });
}

/** Asks so many questions at once and counts the answers by endpoint. */
async function ask(count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: count }, async () => {
      const response = await balancer.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hello' }] }),
      });
      await response.text();
      const endpoint = response.headers.get('x-evenkeel-endpoint') ?? 'none';
      counts[endpoint] = (counts[endpoint] ?? 0) + 1;
    }),
  );
  return counts;
}

const states = () => balancer.endpoints.map(({ id, state }) => `${id} is ${state}`).join(', ');

console.log('At first:              ', states());
// They wait for the first endpoint that is ready, and no longer.
console.log('10 at once:            ', await ask(10));
console.log('Now:                   ', states());

const loaded = reached('loading', 'healthy');
loading.healthy = true;
await loaded;
console.log('10 when it has loaded: ', await ask(10));

await balancer.close();
await Promise.all([ready.stop(), loading.stop()]);
