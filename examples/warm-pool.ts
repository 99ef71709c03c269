/**
 * A server on standby has its model loaded and gets no traffic. A burst that the others cannot take activates it at
 * once; when it is calm again it goes back.
 *
 *     npx tsx examples/warm-pool.ts
 */
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';

// Stand-ins for two GPU servers.
const [active, reserve] = await Promise.all([
  MockLlmServer.start({ name: 'active' }),
  MockLlmServer.start({ name: 'reserve' }),
]);
const balancer = new LoadBalancer({
  endpoints: [
    { id: 'active', url: active.url, maxOutstanding: 4 },
    { id: 'reserve', url: reserve.url, maxOutstanding: 8, standby: true },
  ],
  // So short only so that the example is: the default is a minute. With `hook: vllmSleep()` a vLLM server sleeps while
  // it is on standby.
  warmPool: { calm: 500 },
});

const rested = new Promise<void>((resolve) => {
  balancer.observe({
    'endpoint-activated': ({ endpoint, reason }) => console.log(`${endpoint} is activated: ${reason}`),
    'endpoint-rested'({ endpoint, reason }) {
      console.log(`${endpoint} is back on standby: ${reason}`);
      resolve();
    },
  });
});

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

console.log(' 3 at once:', await ask(3));
console.log('12 at once:', await ask(12));
await rested;
console.log(' 3 at once:', await ask(3));

await balancer.close();
await Promise.all([active.stop(), reserve.stop()]);
