import { afterEach, expect, it } from 'vitest';
import { LoadBalancer } from '../../src/index.js';
import { MockLlmServer } from '../../src/testing/index.js';

// undici is loaded when a balancer is made: what is asked of the balancer in that very turn comes before it is there.

const servers: MockLlmServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function started(): Promise<MockLlmServer> {
  const server = await MockLlmServer.start();
  servers.push(server);
  return server;
}

it('requests in the turn in which the balancer was made are sent in their order', async () => {
  const server = await started();
  const balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
  const answers = await Promise.all(
    [1, 2, 3].map(() =>
      balancer.fetch('/v1/models').then(async (response) => [response.status, await response.text()]),
    ),
  );
  expect(answers.map(([status]) => status)).toEqual([200, 200, 200]);
  expect(balancer.snapshot().outstanding).toBe(0);
  await balancer.close();
});

it('a request that is given up in that turn rejects with its reason and opens no connection', async () => {
  const server = await started();
  const balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
  const caller = new AbortController();
  const request = balancer.fetch('/v1/models', { signal: caller.signal });
  caller.abort(new Error('changed my mind'));
  await expect(request).rejects.toThrow('changed my mind');
  await balancer.close();
  expect([server.stats.byPath['/v1/models'], server.stats.connections]).toEqual([undefined, 0]);
});

it('a balancer that is closed in that turn finishes what it took', async () => {
  const server = await started();
  const balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
  const request = balancer.fetch('/v1/models');
  await balancer.close({ drain: 60_000 });
  expect((await request).status).toBe(200);
});
