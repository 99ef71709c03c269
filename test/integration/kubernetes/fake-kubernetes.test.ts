import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, type TestContext } from 'vitest';
import { FakeKubernetes } from '../../support/fake-kubernetes.js';
import { deployment, endpointSlice } from '../../support/kubernetes/manifests.js';

const KUBECTL = process.env.KUBECTL ?? 'kubectl';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

/** The official client, which brings an undici that older Nodes cannot load. */
async function officialClient({ skip }: TestContext) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 19)) skip('@kubernetes/client-node needs Node 22.19');
  return import('@kubernetes/client-node');
}

type Client = Awaited<ReturnType<typeof officialClient>>;

function configFor({ KubeConfig }: Client, fake: FakeKubernetes, token?: string) {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'fake', server: fake.url, skipTLSVerify: true },
    { name: 'app', token },
  );
  return config;
}

/** Collects what a client says, and resolves once it has said `count` things. */
function collector<T>() {
  const items: T[] = [];
  let check = () => {};
  return {
    add: (item: T) => {
      items.push(item);
      check();
    },
    first: (count: number) =>
      new Promise<readonly T[]>((resolve) => {
        check = () => items.length >= count && resolve(items);
        check();
      }),
  };
}

describe('The fake API server, asked by @kubernetes/client-node', () => {
  it('shows its watch what is there and what changes, in the selection alone, with bookmarks', async (context) => {
    const client = await officialClient(context);
    await using fake = await FakeKubernetes.start();
    fake.apply(endpointSlice('llm-1'));
    const seen = collector<string>();
    const controller = await new client.Watch(configFor(client, fake)).watch(
      SLICES,
      { labelSelector: 'kubernetes.io/service-name=llm', allowWatchBookmarks: true },
      (type: string, object: { metadata: { name?: string } }) =>
        seen.add(`${type} ${object.metadata.name ?? ''}`),
      () => {},
    );
    await seen.first(1);
    fake.apply(endpointSlice('llm-2'));
    fake.apply(endpointSlice('other-1', { service: 'other' }));
    fake.apply(endpointSlice('llm-1', { labels: { 'evenkeel/weight': '2' } }));
    fake.apply(endpointSlice('llm-2', { service: 'other' }));
    fake.delete('endpointslices', 'llm-1');
    fake.bookmark();
    expect(await seen.first(6)).toEqual([
      'ADDED llm-1',
      'ADDED llm-2',
      'MODIFIED llm-1',
      'DELETED llm-2',
      'DELETED llm-1',
      'BOOKMARK ',
    ]);
    controller.abort();
    await fake.until(() => fake.watches().length === 0);
  });

  it.for(['status', 'event'] as const)(
    'makes its informer list again after 410 as %s',
    async (gone, context) => {
      const client = await officialClient(context);
      await using fake = await FakeKubernetes.start();
      fake.apply(endpointSlice('llm-1'));
      const config = configFor(client, fake);
      const api = config.makeApiClient(client.DiscoveryV1Api);
      const informer = client.makeInformer(config, SLICES, () =>
        api.listNamespacedEndpointSlice({ namespace: 'default' }),
      );
      const seen = collector<string>();
      informer.on('add', ({ metadata }) => seen.add(`+ ${metadata?.name}`));
      informer.on('delete', ({ metadata }) => seen.add(`- ${metadata?.name}`));
      await informer.start();
      await fake.until(() => fake.watches().length === 1);

      // Changes in its absence, which it cannot be told any more.
      await fake.stop();
      fake.apply(endpointSlice('llm-2'));
      fake.delete('endpointslices', 'llm-1');
      fake.forgetVersions(gone);
      await fake.restart();
      await informer.start();
      expect(await seen.first(3)).toEqual(['+ llm-1', '- llm-1', '+ llm-2']);
      expect(fake.requests.map(({ verb }) => verb)).toEqual(
        expect.arrayContaining(['list', 'watch', 'watch', 'list', 'watch']),
      );
      await informer.stop();
      await fake.until(() => fake.watches().length === 0);
    },
  );

  it('scales a deployment by merge patch, and lists no autoscaler where there is none', async (context) => {
    const client = await officialClient(context);
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    const config = configFor(client, fake);
    const target = { name: 'llm', namespace: 'default' };
    const apps = config.makeApiClient(client.AppsV1Api);
    expect(await apps.readNamespacedDeploymentScale(target)).toMatchObject({ spec: { replicas: 2 } });
    const scaled = await apps.patchNamespacedDeploymentScale(
      { ...target, body: { spec: { replicas: 5 } } },
      client.setHeaderOptions('content-type', client.PatchStrategy.MergePatch),
    );
    expect(scaled.spec?.replicas).toBe(5);
    expect(fake.get('deployments', 'llm')).toMatchObject({ spec: { replicas: 5, selector: {} } });
    const autoscaling = config.makeApiClient(client.AutoscalingV2Api);
    const { items } = await autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace: 'default' });
    expect(items).toEqual([]);
  });

  it('lets one of two holders have a lease', async (context) => {
    const client = await officialClient(context);
    await using fake = await FakeKubernetes.start();
    const api = configFor(client, fake).makeApiClient(client.CoordinationV1Api);
    const lease = { metadata: { name: 'scaler' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } };
    const seen = await api.createNamespacedLease({ namespace: 'default', body: lease });
    await expect(api.createNamespacedLease({ namespace: 'default', body: lease })).rejects.toMatchObject({
      code: 409,
    });
    const take = (holderIdentity: string) =>
      api.replaceNamespacedLease({
        name: 'scaler',
        namespace: 'default',
        body: { ...seen, spec: { ...seen.spec, holderIdentity } },
      });
    expect((await take('b')).spec?.holderIdentity).toBe('b');
    await expect(take('c')).rejects.toMatchObject({ code: 409 });
    const unversioned = api.replaceNamespacedLease({ name: 'scaler', namespace: 'default', body: lease });
    await expect(unversioned).rejects.toMatchObject({ code: 422 });
  });

  it('refuses an unknown token, and what no rule allows', async (context) => {
    const client = await officialClient(context);
    const rules = [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] }];
    await using fake = await FakeKubernetes.start({ tokens: ['good'], rules });
    const listWith = (token: string) =>
      configFor(client, fake, token)
        .makeApiClient(client.DiscoveryV1Api)
        .listNamespacedEndpointSlice({ namespace: 'default' });
    await expect(listWith('bad')).rejects.toMatchObject({ code: 401 });
    expect((await listWith('good')).items).toEqual([]);
    const core = configFor(client, fake, 'good').makeApiClient(client.CoreV1Api);
    await expect(core.listNamespacedPod({ namespace: 'default' })).rejects.toMatchObject({ code: 403 });
  });
});

describe('The fake API server, asked by kubectl', () => {
  it('shows `get -w` what is there and what changes, and is scaled', async ({ skip }) => {
    if (spawnSync(KUBECTL, ['version', '--client']).error !== undefined) skip(`${KUBECTL} is not installed`);
    await using fake = await FakeKubernetes.start();
    fake.apply(endpointSlice('llm-1'));
    fake.apply(deployment('llm', 2));
    const home = await mkdtemp(join(tmpdir(), 'kubectl-'));
    // Neither a configuration nor a cache of whoever runs the tests.
    const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: '/dev/null' };
    const kubectl = (...args: string[]) => spawn(KUBECTL, [...args, '--server', fake.url], { env });

    const output = 'jsonpath={.type} {.object.metadata.name}{"\\n"}';
    const watch = kubectl('get', 'endpointslices', '-w', '--output-watch-events', '-o', output);
    try {
      const seen = collector<string>();
      createInterface(watch.stdout).on('line', seen.add);
      await fake.until(() => fake.watches('endpointslices').length === 1);
      fake.apply(endpointSlice('llm-2'));
      fake.apply(endpointSlice('llm-1', { labels: { 'evenkeel/weight': '2' } }));
      fake.delete('endpointslices', 'llm-2');
      expect(await seen.first(4)).toEqual(['ADDED llm-1', 'ADDED llm-2', 'MODIFIED llm-1', 'DELETED llm-2']);
      expect(await once(kubectl('scale', 'deployment/llm', '--replicas=4'), 'exit')).toEqual([0, null]);
      expect(fake.get('deployments', 'llm')).toMatchObject({ spec: { replicas: 4 } });
    } finally {
      watch.kill();
      await once(watch, 'exit');
      await rm(home, { recursive: true });
    }
  });
});
