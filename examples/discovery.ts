/**
 * Endpoints out of a file that changes while the application runs: replaced, broken, and mended. The same goes for
 * DNS, a url or Kubernetes; see docs/discovery.md.
 *
 *     npx tsx examples/discovery.ts
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BalancerEvent, LoadBalancer } from 'evenkeel';
import { file } from 'evenkeel/discovery/file';
import { MockLlmServer } from 'evenkeel/testing';

// Stand-ins for two GPU servers.
const servers = await Promise.all([
  MockLlmServer.start({ name: 'a100' }),
  MockLlmServer.start({ name: 't4' }),
]);
const [a100, t4] = servers;

const directory = mkdtempSync(join(tmpdir(), 'endpoints-'));
const path = join(directory, 'endpoints.yaml');

/** Replaces the file in one step, so that nobody reads half of it. */
function publish(text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

publish(`endpoints:
  - id: a100
    url: ${a100.url}
`);

const balancer = new LoadBalancer({ endpoints: file(path) });
await balancer.ready();

/** Resolves with the next event of a type. */
function next<Type extends BalancerEvent['type']>(type: Type) {
  return new Promise<Extract<BalancerEvent, { type: Type }>>((resolve) => {
    const stop = balancer.observe((event) => {
      if (event.type !== type) return;
      stop();
      resolve(event as Extract<BalancerEvent, { type: Type }>);
    });
  });
}
const ids = () => balancer.endpoints.map(({ id, weight }) => `${id} (${weight})`).join(', ');
console.log('At first:        ', ids());

const updated = next('discovery-updated');
publish(`endpoints:
  - id: a100
    url: ${a100.url}
    weight: 3
  - id: t4
    url: ${t4.url}
`);
await updated;
console.log('One more:        ', ids());

const failed = next('discovery-failed');
publish(`endpoints:
  - id: a100
    url: ${a100.url}
    weight: three
`);
console.log('A mistake:       ', (await failed).error.message);
console.log('The list stays:  ', ids());

const response = await balancer.fetch('/v1/chat/completions', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hello' }] }),
});
await response.text();
console.log('And serves:      ', response.status);

await balancer.close();
await Promise.all(servers.map((server) => server.stop()));
rmSync(directory, { recursive: true });
