import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { type KubernetesApi, kubernetesApi } from '../../../src/transport/kubernetes-api.js';
import { KubernetesApiError } from '../../../src/transport/kubernetes-api-error.js';
import { FakeKubernetes } from '../../support/fake-kubernetes.js';
import { endpointSlice } from '../../support/kubernetes/manifests.js';

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const opened: (() => unknown)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of opened.splice(0).reverse()) await close();
});

function connect(...options: Parameters<typeof kubernetesApi>): KubernetesApi {
  const api = kubernetesApi(...options);
  opened.push(() => api.close());
  return api;
}

async function start(): Promise<FakeKubernetes> {
  const fake = await FakeKubernetes.start();
  opened.push(() => fake.stop());
  return fake;
}

/** A server that answers as it is told. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A certificate of its own for 127.0.0.1, made by openssl; `undefined` where there is none. */
async function certificate(): Promise<{ key: string; cert: string } | undefined> {
  const folder = await serviceAccount({});
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'],
    ...['-keyout', key, '-out', cert],
  ]);
  if (made.status !== 0) return undefined;
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}

/** A folder as Kubernetes mounts it. */
async function serviceAccount(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-'));
  opened.push(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe('kubernetesApi', () => {
  it('sends the token of its service account, and the new one when the API no longer takes the old', async () => {
    const fake = await start();
    const folder = await serviceAccount({ token: 'old\n', namespace: 'models' });
    const api = connect({ server: fake.url, serviceAccount: folder });
    fake.access.tokens = ['old'];
    await api.request({ path: SLICES });
    fake.access.tokens = ['new'];
    await expect(api.request({ path: SLICES })).rejects.toMatchObject({ status: 401 });
    await writeFile(join(folder, 'token'), 'new');
    await api.request({ path: SLICES });
    expect(fake.requests.map(({ authorization, code }) => [authorization, code])).toEqual([
      ['Bearer old', 200],
      ['Bearer old', 401],
      ['Bearer old', 401],
      ['Bearer old', 401],
      ['Bearer new', 200],
    ]);
    expect(await api.namespace()).toBe('models');
  });

  it('reads the token anew after a minute', async () => {
    const fake = await start();
    const folder = await serviceAccount({ token: 'old' });
    const clock = manualClock();
    const api = connect({ server: fake.url, serviceAccount: folder, clock });
    await api.request({ path: SLICES });
    await writeFile(join(folder, 'token'), 'new');
    clock.advance(59_999);
    await api.request({ path: SLICES });
    clock.advance(1);
    await api.request({ path: SLICES });
    expect(fake.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
  });

  it('takes tokens from a function, and asks it again when it failed', async () => {
    const fake = await start();
    let calls = 0;
    const token = async () => {
      calls++;
      if (calls === 1) throw new Error('the vault is sealed');
      return 'mine';
    };
    const api = connect({ server: fake.url, token });
    await expect(api.request({ path: SLICES })).rejects.toThrow('the vault is sealed');
    await api.request({ path: SLICES });
    expect(fake.requests.map(({ authorization }) => authorization)).toEqual(['Bearer mine']);
  });

  it('sends no token to a server of the user’s own, unless there is one for it', async () => {
    const fake = await start();
    await connect({ server: `${fake.url}/` }).request({ path: SLICES });
    expect(fake.requests[0]?.authorization).toBeUndefined();
    expect(await connect({ server: fake.url }).namespace()).toBe('default');
    expect(await connect({ server: fake.url, namespace: 'models' }).namespace()).toBe('models');
  });

  it('finds the API of its own cluster in the environment', async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '1');
    await expect(connect().request({ path: SLICES })).rejects.toThrow(
      /^GET .* had no answer: .*127\.0\.0\.1:1/,
    );
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '::1');
    await expect(connect().request({ path: SLICES })).rejects.toThrow(KubernetesApiError);
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
    expect(() => kubernetesApi()).toThrow('`kubernetes.server` must be given outside a cluster');
  });

  it('believes the authority of its service account alone, and the new one when it is renewed', async ({
    skip,
  }) => {
    const [own, other] = [await certificate(), await certificate()];
    if (own === undefined || other === undefined) return skip('there is no openssl');
    const server = createSecureServer(own, (request, response) =>
      response.end(JSON.stringify(request.headers.authorization)),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const folder = await serviceAccount({ token: 'mine', 'ca.crt': other.cert });
    const clock = manualClock();
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const api = connect({ server: url, serviceAccount: folder, clock });
    await expect(api.request({ path: '/' })).rejects.toThrow(/had no answer: .*certificate/);
    await writeFile(join(folder, 'ca.crt'), own.cert);
    clock.advance(60_000);
    expect(await api.request({ path: '/' })).toBe('Bearer mine');
  });

  it('passes on what the API says of a refusal', async () => {
    const fake = await start();
    await expect(connect({ server: fake.url }).request({ path: `${SLICES}/gone` })).rejects.toMatchObject({
      code: 'KUBERNETES_API_FAILED',
      status: 404,
      reason: 'NotFound',
      message: `GET ${SLICES}/gone was answered 404: endpointslices "gone" not found`,
    });
    const server = await serve((_request, response) => response.writeHead(502).end('<html>'));
    await expect(connect({ server }).request({ path: '/' })).rejects.toMatchObject({
      status: 502,
      reason: undefined,
      message: 'GET / was answered 502: without a reason',
    });
  });

  it('says that there was no answer: cut off, no JSON, too late', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/cut') request.socket.destroy();
      else if (request.url === '/page') response.end('<html>');
    });
    const api = connect({ server, timeout: 50 });
    for (const path of ['/cut', '/page', '/late'])
      await expect(api.request({ path })).rejects.toMatchObject({
        code: 'KUBERNETES_API_FAILED',
        status: undefined,
      });
  });

  it('rejects with the reason of its signal', async () => {
    const server = await serve(() => {});
    const controller = new AbortController();
    const call = connect({ server }).request({ path: '/', signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  it('watches line by line, however the lines are cut, and ends when the API does', async () => {
    const fake = await start();
    fake.apply(endpointSlice('llm-1', { annotations: { owner: 'Jürgen' } }));
    const watch = await connect({ server: fake.url }).watch(
      { path: SLICES, query: { resourceVersion: '0' } },
      0,
    );
    const seen: unknown[] = [];
    for await (const event of watch) {
      seen.push(event);
      if (seen.length === 1) fake.apply(endpointSlice('llm-2'));
      else fake.endWatches();
    }
    expect(seen).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'llm-1', annotations: { owner: 'Jürgen' } } } },
      { type: 'ADDED', object: { metadata: { name: 'llm-2' } } },
    ]);
    const bytes = Buffer.from('{"name":"Jürgen"}\n\n{"name":2}\n');
    const server = await serve((_request, response) => {
      response.write(bytes.subarray(0, 11));
      setImmediate(() => response.end(bytes.subarray(11)));
    });
    const pieces: unknown[] = [];
    for await (const piece of await connect({ server }).watch({ path: '/' }, 0)) pieces.push(piece);
    expect(pieces).toEqual([{ name: 'Jürgen' }, { name: 2 }]);
  });

  it('ends a watch with an error when it breaks off, or is silent for too long', async () => {
    const fake = await start();
    fake.apply(endpointSlice('llm-1'));
    const api = connect({ server: fake.url });
    const read = async (idle: number) => {
      for await (const _event of await api.watch({ path: SLICES }, idle)) if (idle === 0) fake.cutWatches();
    };
    await expect(read(0)).rejects.toMatchObject({ code: 'KUBERNETES_API_FAILED' });
    await expect(read(50)).rejects.toMatchObject({ code: 'KUBERNETES_API_FAILED' });
  });

  it('closes its connection when nobody reads a watch any more', async () => {
    const fake = await start();
    fake.apply(endpointSlice('llm-1'));
    for await (const _event of await connect({ server: fake.url }).watch({ path: SLICES }, 0)) break;
    await fake.until(() => fake.watches().length === 0);
  });

  it.each<[string, object]>([
    ['kubernetes.nonsense', { nonsense: 1 }],
    ['kubernetes.server', { server: 'api.example.com' }],
    ['kubernetes.timeout', { server: 'http://127.0.0.1:1', timeout: 0 }],
  ])('refuses a bad `%s`', (option, options) => {
    expect(() => kubernetesApi(options)).toThrow(InvalidOptionError);
    expect(() => kubernetesApi(options)).toThrow(`\`${option}\``);
  });
});
