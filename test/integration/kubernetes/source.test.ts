import { describe, expect, it } from 'vitest';
import type { DiscoveryListener } from '../../../src/core/discovery.js';
import { type KubernetesOptions, kubernetes } from '../../../src/discovery/kubernetes.js';
import { discoveryConformance } from '../../../src/testing/discovery-conformance.js';
import { manualClock, seededRandom } from '../../../src/testing/index.js';
import { FakeKubernetes } from '../../support/fake-kubernetes.js';
import { endpointSlice, pod } from '../../support/kubernetes/manifests.js';
import { passUntil } from '../../support/kubernetes/pass-until.js';
import { SourceWatcher } from '../../support/source-watcher.js';

/** No waits: what is retried is retried at once. */
const QUICK = { retry: 0, maxRetry: 0 };

function publish(fake: FakeKubernetes, hosts: readonly string[], name = 'llm-1'): void {
  fake.apply(endpointSlice(name, { endpoints: hosts.map((host) => ({ addresses: [host] })) }));
}

/** A fake with one slice, and a source that has told it. */
async function followed(hosts: readonly string[], options: KubernetesOptions = QUICK) {
  const fake = await FakeKubernetes.start();
  publish(fake, hosts);
  const heard = new SourceWatcher(kubernetes('llm', { server: fake.url, ...options }));
  await fake.until(() => fake.watches().length === 1);
  return {
    fake,
    heard,
    verbs: () => fake.requests.map(({ verb }) => verb),
    async [Symbol.asyncDispose]() {
      await heard.stop();
      await fake.stop();
    },
  };
}

const urls = (...hosts: string[]) => hosts.map((host) => `http://${host}:8000`);
const has = (expected: readonly string[]) => (heard: SourceWatcher) => heard.urls.join() === expected.join();

discoveryConformance(
  'kubernetes',
  async (hosts) => {
    const fake = await FakeKubernetes.start();
    publish(fake, hosts);
    return {
      source: kubernetes('llm', { server: fake.url, ...QUICK }),
      publish: (next) => {
        fake.refuse();
        publish(fake, next);
      },
      break: () => {
        fake.refuse(500);
        fake.cutWatches();
      },
      close: () => fake.stop(),
    };
  },
  { describe, it },
);

describe('The kubernetes source', () => {
  it('tells what the slices of its Service add up to, as they come, change and go, and nothing of other Services', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    publish(fake, ['10.0.0.2'], 'llm-2');
    await heard.until(has(urls('10.0.0.1', '10.0.0.2')));
    fake.apply(endpointSlice('other-1', { service: 'other', endpoints: [{ addresses: ['10.9.9.9'] }] }));
    publish(fake, ['10.0.0.3'], 'llm-2');
    await heard.until(has(urls('10.0.0.1', '10.0.0.3')));
    fake.delete('endpointslices', 'llm-1');
    await heard.until(has(urls('10.0.0.3')));
    fake.delete('endpointslices', 'llm-2');
    await heard.until(has([]));
    expect(cluster.verbs()).toEqual(['list', 'watch']);
    expect(heard.errors).toEqual([]);
  });

  it('tells one list of several Services', async () => {
    await using fake = await FakeKubernetes.start();
    publish(fake, ['10.0.0.1']);
    fake.apply(endpointSlice('t4-1', { service: 'llm-t4', endpoints: [{ addresses: ['10.0.0.2'] }] }));
    fake.apply(endpointSlice('x-1', { service: 'x', endpoints: [{ addresses: ['10.0.0.3'] }] }));
    const endpoint = ({ service }: { service: string }) => ({ weight: service === 'llm-t4' ? 1 : 3 });
    await using heard = new SourceWatcher(kubernetes(['llm', 'llm-t4'], { server: fake.url, endpoint }));
    await heard.until(has(urls('10.0.0.1', '10.0.0.2')));
    expect(heard.lists[0]?.map(({ weight }) => weight)).toEqual([3, 1]);
  });

  it('says nothing when a slice changes and its endpoints do not', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    publish(fake, ['10.0.0.1'], 'llm-2');
    publish(fake, ['10.0.0.2'], 'llm-2');
    await heard.until(has(urls('10.0.0.1', '10.0.0.2')));
    expect(heard.lists).toHaveLength(2);
  });
});

describe('A watch that ends', () => {
  it('goes on from the last version seen, without another list', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    publish(fake, ['10.0.0.2']);
    await heard.until(has(urls('10.0.0.2')));
    const { resourceVersion } = fake.get('endpointslices', 'llm-1').metadata;
    fake.endWatches();
    await fake.until(() => fake.requests.length === 3);
    expect(fake.requests[2]?.query.get('resourceVersion')).toBe(resourceVersion);
    publish(fake, ['10.0.0.3']);
    await heard.until(has(urls('10.0.0.3')));
    expect(cluster.verbs()).toEqual(['list', 'watch', 'watch']);
    expect(heard.errors).toEqual([]);
  });

  it('goes on from a bookmark, so that what is forgotten before it does no harm', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    // Of no interest to this watch: without a bookmark it would be none the wiser.
    fake.apply(endpointSlice('other-1', { service: 'other' }));
    fake.forgetVersions('event');
    fake.bookmark();
    fake.endWatches();
    await fake.until(() => fake.watches().length === 0);
    await fake.until(() => fake.watches().length === 1);
    publish(fake, ['10.0.0.2']);
    await heard.until(has(urls('10.0.0.2')));
    expect(cluster.verbs()).toEqual(['list', 'watch', 'watch']);
  });

  it('in the middle of an event loses nothing', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    fake.cutWatches('inside');
    await fake.until(() => fake.watches().length === 0);
    publish(fake, ['10.0.0.2']);
    await heard.until(has(urls('10.0.0.2')));
    expect(cluster.verbs()).toEqual(['list', 'watch', 'watch']);
    expect(heard.errors).toEqual([]);
  });

  it('every second for a minute is taken up again each time, costs no list and is not reported', async () => {
    const clock = manualClock();
    await using cluster = await followed(['10.0.0.1'], { clock, random: seededRandom(3) });
    const { fake, heard } = cluster;
    for (let second = 1; second <= 60; second++) {
      await clock.advanceAsync(1_000);
      fake.cutWatches();
      await fake.until(() => fake.watches().length === 0);
      publish(fake, [`10.0.1.${second}`]);
      await passUntil(clock, () => fake.watches().length === 1);
      await heard.until(has(urls(`10.0.1.${second}`)));
    }
    expect(cluster.verbs()).toEqual(['list', ...Array<string>(61).fill('watch')]);
    expect(heard.errors).toEqual([]);
  });

  it('at once, again and again, is retried more and more seldom, and reported from the second time on', async () => {
    const clock = manualClock();
    await using cluster = await followed(['10.0.0.1'], {
      clock,
      random: () => 0.999,
      retry: 100,
      maxRetry: 1_000,
    });
    const { fake, heard } = cluster;
    const waits: number[] = [];
    for (let round = 0; round < 6; round++) {
      fake.endWatches();
      await fake.until(() => fake.watches().length === 0);
      const before = clock.now();
      await passUntil(clock, () => fake.watches().length === 1);
      waits.push(clock.now() - before);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(heard.problems).toHaveLength(5);
    expect(heard.problems[0]).toMatch(
      /^kubernetes:llm: The watch of \/apis\/discovery.* ended as soon as it had begun$/,
    );
  });
});

describe('A version that is forgotten', () => {
  it.each(['status', 'event'] as const)(
    'and refused with 410 as %s leads to another list, and the last one stays until that has come',
    async (gone) => {
      await using cluster = await followed(['10.0.0.1', '10.0.0.2']);
      const { fake, heard } = cluster;
      // Changes that no watch can tell any more.
      fake.cutWatches();
      publish(fake, ['10.0.0.2', '10.0.0.3']);
      fake.forgetVersions(gone);
      await heard.until(has(urls('10.0.0.2', '10.0.0.3')));
      await fake.until(() => fake.watches().length === 1);
      expect(heard.lists.map((list) => list.length)).toEqual([2, 2]);
      expect(cluster.verbs().filter((verb) => verb === 'list')).toHaveLength(2);
      expect(heard.errors).toEqual([]);
    },
  );

  it('as soon as it was listed is reported, and asked for with growing waits', async () => {
    const clock = manualClock();
    await using cluster = await followed(['10.0.0.1'], {
      clock,
      random: () => 0.999,
      retry: 100,
      maxRetry: 1_000,
    });
    const { fake, heard } = cluster;
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      fake.failWatches(410, 'Expired');
      await fake.until(() => fake.watches().length === 0);
      const before = clock.now();
      await passUntil(clock, () => fake.watches().length === 1);
      waits.push(clock.now() - before);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_000]);
    expect(heard.errors).toHaveLength(5);
  });

  it('in the middle of a watch, by an ERROR event, does so too', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    publish(fake, ['10.0.0.2']);
    fake.failWatches(410, 'Expired');
    publish(fake, ['10.0.0.3']);
    await heard.until(has(urls('10.0.0.3')));
    await fake.until(() => fake.watches().length === 1);
    expect(cluster.verbs()).toEqual(['list', 'watch', 'list', 'watch']);
    expect(heard.errors).toEqual([]);
  });

  it('is told from an ERROR event of another kind, which is reported', async () => {
    await using cluster = await followed(['10.0.0.1']);
    const { fake, heard } = cluster;
    fake.failWatches(500, 'InternalError');
    await fake.until(() => fake.requests.length === 4);
    expect(cluster.verbs()).toEqual(['list', 'watch', 'list', 'watch']);
    expect(heard.problems).toEqual([
      expect.stringMatching(/^kubernetes:llm: The watch of .* was ended: .*InternalError$/),
    ]);
  });
});

describe('An API server that is gone', () => {
  it('for a minute leaves the list as it is, is asked with growing waits, and is followed again afterwards', async () => {
    const clock = manualClock();
    await using cluster = await followed(['10.0.0.1'], { clock, random: seededRandom(4) });
    const { fake, heard } = cluster;
    await clock.advanceAsync(5_000);
    await fake.stop();
    publish(fake, ['10.0.0.2']);
    const tries: number[] = [];
    await passUntil(clock, () => {
      if (heard.errors.length > tries.length) tries.push(clock.now());
      return clock.now() >= 65_000;
    });
    // 0.5 s, 1, 2, 4, 8, 16, 30 at most, half of each at least.
    expect(tries.length).toBeGreaterThanOrEqual(6);
    expect(tries.length).toBeLessThanOrEqual(9);
    expect(heard.problems[0]).toMatch(/^kubernetes:llm: GET \/apis\/discovery.* had no answer: /);
    expect(heard.lists).toHaveLength(1);
    await fake.restart();
    await passUntil(clock, () => heard.lists.length > 1);
    expect(heard.urls).toEqual(urls('10.0.0.2'));
  });

  it('at the start is reported, and listed from as soon as it is there', async () => {
    await using fake = await FakeKubernetes.start();
    publish(fake, ['10.0.0.1']);
    await fake.stop();
    await using heard = new SourceWatcher(kubernetes('llm', { server: fake.url, retry: 5, maxRetry: 5 }));
    await heard.until(({ errors }) => errors.length > 1);
    expect(heard.lists).toEqual([]);
    await fake.restart();
    await heard.until(has(urls('10.0.0.1')));
  });
});

describe('What pods say of themselves', () => {
  const endpoints = ['p1', 'p2'].map((name, index) => ({
    addresses: [`10.0.0.${index + 1}`],
    targetRef: { kind: 'Pod', name },
  }));
  const labels = { app: 'vllm' };
  const weights = (heard: SourceWatcher) => heard.lists.at(-1)?.map(({ weight }) => weight);

  it('is known before the first list, changes it, and is asked for as metadata alone', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(endpointSlice('llm-1', { labels: { 'evenkeel/weight': '2' }, endpoints }));
    fake.apply(pod('p1', { labels: { ...labels, gpu: 'a100' }, annotations: { 'evenkeel/weight': '3' } }));
    fake.apply(pod('p2', { labels }));
    fake.apply(pod('stranger', { labels: { app: 'web' } }));
    await using heard = new SourceWatcher(
      kubernetes('llm', { server: fake.url, pods: 'app=vllm', ...QUICK }),
    );
    await fake.until(() => fake.watches().length === 2);
    expect(heard.lists).toHaveLength(1);
    expect(heard.lists[0]).toMatchObject([
      { id: 'p1:8000', weight: 3, labels: { gpu: 'a100' } },
      { id: 'p2:8000', weight: 2 },
    ]);
    fake.apply(pod('p2', { labels, annotations: { 'evenkeel/weight': '5' } }));
    await heard.until(() => weights(heard)?.join() === '3,5');
    const [watch] = fake.watches('pods');
    expect(watch?.terms.shape(pod('any'))).not.toHaveProperty('spec');
  });

  it('that cannot be used is reported once, and again when it has changed', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(endpointSlice('llm-1', { endpoints }));
    const say = (weight: string) =>
      fake.apply(pod('p1', { labels, annotations: { 'evenkeel/weight': weight } }));
    say('much');
    await using heard = new SourceWatcher(
      kubernetes('llm', { server: fake.url, pods: 'app=vllm', ...QUICK }),
    );
    await fake.until(() => fake.watches().length === 2);
    fake.apply(pod('p3', { labels }));
    say('more');
    await heard.until(({ errors }) => errors.length === 2);
    expect(heard.problems).toEqual(['"much"', '"more"'].map((got) => expect.stringContaining(got)));
    expect(heard.urls).toEqual(urls('10.0.0.1', '10.0.0.2'));
  });

  it('cannot be read without the right to, which is reported, and there is no list', async () => {
    const rules = [
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ];
    await using fake = await FakeKubernetes.start({ rules });
    publish(fake, ['10.0.0.1']);
    await using heard = new SourceWatcher(
      kubernetes('llm', { server: fake.url, pods: 'app=vllm', retry: 5, maxRetry: 5 }),
    );
    await heard.until(({ errors }) => errors.length > 1);
    expect(heard.problems[0]).toMatch(
      /^kubernetes:llm: GET \/api\/v1\/namespaces\/default\/pods was answered 403: pods is forbidden/,
    );
    expect(heard.lists).toEqual([]);
  });
});

describe('A mistake of the user', () => {
  const listener: DiscoveryListener = { update: () => {}, failed: () => {} };

  it('in the options is refused at once', () => {
    const server = 'http://127.0.0.1:1';
    const cases: [string, () => unknown][] = [
      ['kubernetes.service', () => kubernetes('', { server })],
      ['kubernetes.service', () => kubernetes([], { server })],
      ['kubernetes.service', () => kubernetes('Not A Name', { server })],
      ['kubernetes.namespace', () => kubernetes('llm', { server, namespace: 'a/b' })],
      ['kubernetes.port', () => kubernetes('llm', { server, port: 0 })],
      ['kubernetes.port', () => kubernetes('llm', { server, port: '' })],
      ['kubernetes.pods', () => kubernetes('llm', { server, pods: '' })],
      ['kubernetes.path', () => kubernetes('llm', { server, path: 'v1' })],
      ['kubernetes.protocol', () => kubernetes('llm', { server, protocol: 'ftp' as 'http' })],
      ['kubernetes.endpoint.weight', () => kubernetes('llm', { server, endpoint: { weight: -1 } })],
      ['kubernetes.retry', () => kubernetes('llm', { server, retry: -1 })],
      ['kubernetes.maxRetry', () => kubernetes('llm', { server, retry: 10, maxRetry: 5 })],
      ['kubernetes.watchTimeout', () => kubernetes('llm', { server, watchTimeout: 10 })],
      ['kubernetes.timeout', () => kubernetes('llm', { server, timeout: 0 })],
      ['kubernetes.server', () => kubernetes('llm', { server: 'cluster' })],
      ['kubernetes.nonsense', () => kubernetes('llm', { server, ...{ nonsense: 1 } })],
    ];
    for (const [option, construct] of cases)
      expect(construct).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }));
  });

  it('in a function of his own is reported, and the last list stays', async () => {
    await using fake = await FakeKubernetes.start();
    publish(fake, ['10.0.0.1']);
    const endpoint = ({ address }: { address: string }) => {
      if (address === '10.0.0.2') throw new Error('I know nothing of 10.0.0.2');
      return {};
    };
    await using heard = new SourceWatcher(kubernetes('llm', { server: fake.url, endpoint, ...QUICK }));
    await fake.until(() => fake.watches().length === 1);
    publish(fake, ['10.0.0.1', '10.0.0.2']);
    await heard.until(({ errors }) => errors.length === 1);
    expect(heard.problems).toEqual(['kubernetes:llm: I know nothing of 10.0.0.2']);
    publish(fake, ['10.0.0.1', '10.0.0.3']);
    await heard.until(has(urls('10.0.0.1', '10.0.0.3')));
    expect(heard.lists).toHaveLength(2);
  });

  it('in the name of the port is reported with the names that there are', async () => {
    await using fake = await FakeKubernetes.start();
    publish(fake, ['10.0.0.1']);
    await using heard = new SourceWatcher(kubernetes('llm', { server: fake.url, port: 'htpp' }));
    await heard.until(({ errors }) => errors.length === 1);
    expect(heard.problems).toEqual(['kubernetes:llm: no port htpp; the Service has the ports: http']);
  });

  it('never keeps a source from being stopped', async () => {
    const source = kubernetes('llm', { server: 'http://127.0.0.1:1', retry: 60_000, maxRetry: 60_000 });
    const before = process.getActiveResourcesInfo().sort();
    await source.watch(listener)();
    expect(process.getActiveResourcesInfo().sort()).toEqual(before);
  });
});
