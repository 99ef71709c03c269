import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubernetes } from '../../../src/discovery/kubernetes.js';
import { manualClock } from '../../../src/testing/index.js';
import { FakeKubernetes } from '../../support/fake-kubernetes.js';
import { selfSigned } from '../../support/kubernetes/certificate.js';
import { endpointSlice } from '../../support/kubernetes/manifests.js';
import { passUntil } from '../../support/kubernetes/pass-until.js';
import { bundled, startNode } from '../../support/programs.js';
import { SourceWatcher } from '../../support/source-watcher.js';

/** TLS in front of a fake, as API servers have it. */
async function secured(fake: FakeKubernetes, credentials: { readonly cert: string; readonly key: string }) {
  const sockets = new Set<Socket>();
  const server = createServer(credentials, (socket) => {
    const behind = connect(fake.port, '127.0.0.1');
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket) && behind.destroy());
    behind.on('error', () => {}).on('close', () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    /** Another certificate from now on, for clients that come back as well. */
    present: (other: typeof credentials) => {
      server.setSecureContext(other);
      server.setTicketKeys(randomBytes(48));
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const inTeam = (name: string, host: string) => {
  const slice = endpointSlice(name, { endpoints: [{ addresses: [host] }] });
  return { ...slice, metadata: { ...slice.metadata, namespace: 'team' } };
};

describe('In a pod', () => {
  const authority = selfSigned();
  let serviceAccount: string;
  const mount = (file: string, text: string) => writeFile(join(serviceAccount, file), text);

  beforeEach(async () => {
    serviceAccount = await mkdtemp(join(tmpdir(), 'serviceaccount-'));
    await Promise.all([
      mount('token', 'first\n'),
      mount('namespace', 'team'),
      mount('ca.crt', authority.cert),
    ]);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(serviceAccount, { recursive: true });
  });

  it('the source finds the API, its authority, its token and its namespace by itself', async () => {
    await using fake = await FakeKubernetes.start({ tokens: ['first'] });
    await using front = await secured(fake, authority);
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', String(front.port));
    fake.apply(inTeam('llm-1', '10.0.0.1'));
    fake.apply(endpointSlice('llm-1', { endpoints: [{ addresses: ['10.9.9.9'] }] }));
    await using heard = new SourceWatcher(kubernetes('llm', { serviceAccount }));
    await heard.until(({ lists }) => lists.length > 0);
    expect(heard.urls).toEqual(['http://10.0.0.1:8000']);
    expect(new Set(fake.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer first']),
    );
  });

  it('the source trusts nobody but the authority of the cluster', async () => {
    await using fake = await FakeKubernetes.start();
    await using front = await secured(fake, selfSigned());
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', String(front.port));
    await using heard = new SourceWatcher(kubernetes('llm', { serviceAccount }));
    await heard.until(({ errors }) => errors.length > 0);
    expect(heard.problems[0]).toMatch(/self-signed|certificate/);
    expect(fake.requests).toEqual([]);
  });

  it('a token that has been renewed is used within a minute, and at once when the old one is refused', async () => {
    const clock = manualClock();
    await using fake = await FakeKubernetes.start({ tokens: ['first'] });
    fake.apply(inTeam('llm-1', '10.0.0.1'));
    const options = { server: fake.url, serviceAccount, clock, retry: 0, maxRetry: 0 };
    await using heard = new SourceWatcher(kubernetes('llm', options));
    await fake.until(() => fake.watches().length === 1);
    const last = () => fake.requests.at(-1)?.authorization;
    /** Another watch after so long. */
    const rewatch = async (wait: number) => {
      await clock.advanceAsync(wait);
      const before = fake.requests.length;
      fake.endWatches();
      await passUntil(clock, () => fake.requests.length > before && fake.requests.at(-1)?.code === 200);
    };
    await mount('token', 'second');
    fake.access.tokens = ['first', 'second'];
    await rewatch(30_000);
    expect(last()).toBe('Bearer first');
    await rewatch(31_000);
    expect(last()).toBe('Bearer second');
    await mount('token', 'third');
    fake.access.tokens = ['third'];
    await rewatch(1_000);
    expect(fake.requests.slice(-2).map(({ code, authorization }) => [code, authorization])).toEqual([
      [401, 'Bearer second'],
      [200, 'Bearer third'],
    ]);
    expect(heard.errors).toEqual([]);
  });

  it('an authority that has been replaced is trusted within a minute', async () => {
    const clock = manualClock();
    const next = selfSigned();
    await using fake = await FakeKubernetes.start();
    fake.apply(inTeam('llm-1', '10.0.0.1'));
    await using front = await secured(fake, authority);
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', String(front.port));
    await using heard = new SourceWatcher(kubernetes('llm', { serviceAccount, clock }));
    await fake.until(() => fake.watches().length === 1);
    await mount('ca.crt', next.cert);
    front.present(next);
    await fake.until(() => fake.watches().length === 0);
    await passUntil(clock, () => fake.watches().length === 1);
    expect(heard.problems[0]).toMatch(/self-signed|certificate/);
    // The first look after the minute: waits are 30 s at most.
    expect(clock.now()).toBeLessThan(90_000);
  });

  it('a source that is stopped leaves no socket, timer or watch behind', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(inTeam('llm-1', '10.0.0.1'));
    const live = () => process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Timeout)/.test(kind));
    const before = live();
    /** What there is more of than before. What an earlier test has left may go meanwhile. */
    const added = () => {
      const known = [...before];
      return live().filter(
        (kind) => !known.includes(kind) || known.splice(known.indexOf(kind), 1).length === 0,
      );
    };
    for (const pods of [undefined, 'app=vllm']) {
      const heard = new SourceWatcher(kubernetes('llm', { server: fake.url, serviceAccount, pods }));
      await fake.until(() => fake.watches().length === (pods === undefined ? 1 : 2));
      await heard.stop();
      await fake.until(() => fake.watches().length === 0 && fake.connections === 0);
      expect(added()).toEqual([]);
    }
  });
});

describe('A balancer that was never closed', () => {
  const bundle = bundled('src/index.ts', 'src/discovery/kubernetes.ts');

  it('does not keep the process alive by its watch', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(endpointSlice('llm-1', { endpoints: [{ addresses: ['10.0.0.1'] }] }));
    const script = `
      import { LoadBalancer } from '${bundle('src/index.ts')}';
      import { kubernetes } from '${bundle('src/discovery/kubernetes.ts')}';
      const balancer = new LoadBalancer({ endpoints: kubernetes('llm', { server: '${fake.url}' }) });
      await balancer.ready();
      process.stdin.once('data', () => process.stdin.destroy());
    `;
    await using program = startNode(['--input-type=module', '-e', script]);
    await fake.until(() => fake.watches().length === 1);
    // Until now it is the open input that keeps the process alive.
    program.child.stdin.end('the watch is open');
    expect(await program.ended).toEqual({ code: 0, output: '', errors: '' });
  });
});

describe('Outside a cluster', () => {
  it('a source needs a server, and says so', () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
    expect(() => kubernetes('llm')).toThrow(expect.objectContaining({ option: 'kubernetes.server' }));
    vi.unstubAllEnvs();
  });

  it('a source uses the token and namespace that it is given', async () => {
    await using fake = await FakeKubernetes.start({ tokens: ['mine'] });
    fake.apply(inTeam('llm-1', '10.0.0.1'));
    const options = { server: fake.url, namespace: 'team', token: async () => 'mine' };
    await using heard = new SourceWatcher(kubernetes('llm', options));
    await heard.until(({ lists }) => lists.length > 0);
    expect(heard.urls).toEqual(['http://10.0.0.1:8000']);
  });

  it('a wrong token is reported, without the token', async () => {
    await using fake = await FakeKubernetes.start({ tokens: ['right'] });
    await using heard = new SourceWatcher(kubernetes('llm', { server: fake.url, token: 'wrong-secret' }));
    await heard.until(({ errors }) => errors.length > 0);
    expect(heard.problems[0]).toMatch(/was answered 401: Unauthorized$/);
    expect(JSON.stringify(heard.errors)).not.toContain('wrong-secret');
  });
});
