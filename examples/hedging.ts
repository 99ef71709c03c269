/**
 * A second attempt beside a slow one. One of two servers gets stuck on every tenth question; with `hedge` the
 * slowest users wait for the other server instead.
 *
 *   npx tsx examples/hedging.ts
 */
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer, seededRandom } from 'evenkeel/testing';

const servers = await Promise.all(['a', 'b'].map((name) => MockLlmServer.start({ name, tokens: 4 })));
const random = seededRandom(1);
servers[0]?.faultWith(() =>
  random() < 0.1 ? { kind: 'comments-only', count: 7, interval: 100, next: 'answer' } : undefined,
);

/** The longest of 100 waits for the first bytes of an answer, in ms. */
async function longestWait(hedge: boolean): Promise<number> {
  await using balancer = new LoadBalancer({
    endpoints: servers.map(({ name, url }) => ({ id: name, url })),
    hedge: hedge && { minDelay: 100, ratio: 0.2 },
  });
  let longest = 0;
  for (let question = 0; question < 100; question++) {
    const asked = performance.now();
    const answer = await balancer.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
    });
    longest = Math.max(longest, performance.now() - asked);
    await answer.body?.cancel();
  }
  return Math.round(longest);
}

console.log('Longest wait without hedging:', await longestWait(false), 'ms');
console.log('Longest wait with hedging:   ', await longestWait(true), 'ms');
for (const server of servers) await server.stop();
