import { describe, expect, it } from 'vitest';
import {
  Autoscaler,
  kubernetesLease,
  kubernetesScale,
  type ScalingEvent,
} from '../../../src/autoscaling/index.js';
import type { Actuator } from '../../../src/core/scaling.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { LoadBalancer } from '../../../src/index.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { MockLlmServer } from '../../../src/testing/mock-llm-server.js';
import { FakeKubernetes, type KubeObject } from '../../support/fake-kubernetes.js';
import { InMemoryKubernetes } from '../../support/kubernetes/in-memory-api.js';
import { deployment } from '../../support/kubernetes/manifests.js';
import { ScalingRig } from '../../support/scaling-rig.js';

const signal = new AbortController().signal;

function hpa(name: string, target: string, kind = 'Deployment', apiVersion = 'apps/v1'): KubeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { scaleTargetRef: { apiVersion, kind, name: target }, maxReplicas: 5 },
  };
}

function actuatorOn(
  fake: FakeKubernetes,
  options: { resource?: string; ownerCheck?: boolean } = {},
): Actuator {
  return kubernetesScale({ name: 'llm', api: { server: fake.url, token: 'app' }, ...options });
}

function replicasIn(fake: FakeKubernetes, plural = 'deployments'): unknown {
  return (fake.get(plural, 'llm').spec as { replicas: number }).replicas;
}

describe('kubernetesScale', () => {
  it('reads the scale and sets it by a merge patch', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    const actuator = actuatorOn(fake);
    expect(actuator.name).toBe('kubernetes:deployments/llm');
    expect(await actuator.read(signal)).toEqual({ desired: 2 });
    await actuator.scale(5, signal);
    expect(replicasIn(fake)).toBe(5);
    expect(await actuator.read(signal)).toEqual({ desired: 5 });
    expect(fake.requests.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
      'get deployments/scale',
      'list horizontalpodautoscalers',
      'patch deployments/scale',
      'get deployments/scale',
      'list horizontalpodautoscalers',
    ]);
  });

  it('scales anything that has a scale subresource, to 0 and from it', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply({ ...deployment('llm', 2), kind: 'StatefulSet' });
    const actuator = actuatorOn(fake, { resource: 'apps/v1/statefulsets' });
    await actuator.scale(0, signal);
    expect(await actuator.read(signal)).toEqual({ desired: 0 });
    await actuator.scale(3, signal);
    expect(replicasIn(fake, 'statefulsets')).toBe(3);
  });

  it('is not put off by a change that is not about the replicas', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    const actuator = actuatorOn(fake);
    await actuator.read(signal);
    fake.apply({ ...deployment('llm', 2), status: { replicas: 2, readyReplicas: 1 } });
    await actuator.scale(5, signal);
    expect(replicasIn(fake)).toBe(5);
    expect(fake.requests.map(({ code }) => code)).toEqual([200, 200, 409, 200, 200]);
  });

  it('does not overwrite a count that somebody else has set meanwhile', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    const actuator = actuatorOn(fake);
    await actuator.read(signal);
    fake.apply(deployment('llm', 7));
    await expect(actuator.scale(5, signal)).rejects.toMatchObject({
      code: 'KUBERNETES_API_FAILED',
      status: 409,
      message: expect.stringContaining('was set from 2 to 7 by somebody else meanwhile'),
    });
    expect(replicasIn(fake)).toBe(7);
  });

  it.each([
    ['the Deployment', hpa('llm-hpa', 'llm'), 'HorizontalPodAutoscaler llm-hpa'],
    ['another Deployment', hpa('llm-hpa', 'other'), undefined],
    ['a StatefulSet of the same name', hpa('llm-hpa', 'llm', 'StatefulSet'), undefined],
    ['another kind of Deployment', hpa('llm-hpa', 'llm', 'Deployment', 'example.com/v1'), undefined],
  ])('sees that an HPA owns %s', async (_target, object, owner) => {
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    fake.apply(object);
    const { owner: found } = (await actuatorOn(fake).read(signal)) ?? {};
    expect(found).toBe(owner);
    expect(await actuatorOn(fake, { ownerCheck: false }).read(signal)).toEqual({ desired: 2 });
  });

  it('says what to grant when it may not', async () => {
    await using fake = await FakeKubernetes.start({
      rules: [
        { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get'] },
        { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
      ],
    });
    fake.apply(deployment('llm', 2));
    const actuator = actuatorOn(fake);
    await actuator.read(signal);
    await expect(actuator.scale(3, signal)).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(
        /cannot patch resource "deployments\/scale".*Grant get and patch on deployments\/scale \(apps\)/,
      ),
    });
    fake.access.rules = fake.access.rules?.slice(0, 1);
    await expect(actuator.read(signal)).rejects.toThrow(
      /grant list on horizontalpodautoscalers.*or set ownerCheck to false/,
    );
  });

  it('says so when there is no such Deployment', async () => {
    await using fake = await FakeKubernetes.start();
    await expect(actuatorOn(fake).read(signal)).rejects.toThrow(/Is there a llm among the deployments/);
  });

  it.each<[string, object]>([
    ['kubernetesScale.name', { name: '../llm' }],
    ['kubernetesScale.namespace', { namespace: 'a/b' }],
    ['kubernetesScale.resource', { resource: 'deployments' }],
    ['kubernetesScale.resource', { resource: 'apps/v1/deployments/../pods' }],
    ['kubernetesScale.ownerCheck', { ownerCheck: 'yes' }],
    ['kubernetesScale.nonsense', { nonsense: 1 }],
    ['kubernetes.server', { api: { server: 'llm' } }],
    ['kubernetes.nonsense', { api: { nonsense: 1 } }],
  ])('refuses a bad `%s`', (option, options) => {
    const build = () => kubernetesScale({ name: 'llm', api: { server: 'http://127.0.0.1:1' }, ...options });
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});

describe('An autoscaler on Kubernetes', () => {
  it('keeps serving while the API is gone, says so, and scales when it is back', async () => {
    await using server = await MockLlmServer.start();
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'gpu-1' }] });
    const policy = { name: 'five', decide: () => ({ replicas: 5, reason: 'five are wanted' }) };
    await fake.stop();
    const events: ScalingEvent[] = [];
    await using autoscaler = new Autoscaler(balancer, {
      policy,
      actuator: actuatorOn(fake),
      max: 10,
      interval: 3_600_000,
    });
    autoscaler.observe((event) => events.push(event));
    await autoscaler.check();
    expect(events).toMatchObject([{ type: 'scaling-failed', step: 'read' }]);
    const answer = await balancer.fetch('/v1/models');
    expect(answer.status).toBe(200);
    await answer.text();
    await fake.restart();
    await autoscaler.check();
    expect(events.at(-1)).toEqual({
      type: 'scaled',
      from: 2,
      to: 5,
      reason: 'five are wanted',
      dryRun: false,
    });
    expect(replicasIn(fake)).toBe(5);
  });

  it('does not touch a Deployment that an HPA owns, and does when the HPA is gone', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 2));
    fake.apply(hpa('llm-hpa', 'llm'));
    const rig = new ScalingRig({ actuator: actuatorOn(fake), interval: 3_600_000 });
    rig.call(5);
    await rig.autoscaler.check();
    expect(rig.last).toMatchObject({
      type: 'scaling-held',
      reason: 'HorizontalPodAutoscaler llm-hpa scales it',
    });
    expect(replicasIn(fake)).toBe(2);
    fake.delete('horizontalpodautoscalers', 'llm-hpa');
    await rig.autoscaler.check();
    expect(replicasIn(fake)).toBe(5);
    await rig.autoscaler.close();
  });

  it('scales from one of two app replicas, and from the other within the lease time of its death', async () => {
    const lease = 15_000;
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    kubernetes.store.apply(deployment('llm', 2));
    const [first, second] = ['a', 'b'].map((identity) => {
      const api = kubernetes.connect();
      const leader = kubernetesLease({ name: 'scaler', identity, lease, api, clock });
      const rig = new ScalingRig(
        { leader, actuator: kubernetesScale({ name: 'llm', api }), interval: 1_000 },
        2,
        clock,
      );
      return { rig, api };
    });
    if (first === undefined || second === undefined) throw new Error('There are two');
    const scale = () =>
      kubernetes.connect().request({ path: '/apis/apps/v1/namespaces/default/deployments/llm/scale' });
    first.rig.call(4);
    second.rig.call(4);
    await clock.advanceAsync(60_000);
    expect(await scale()).toMatchObject({ spec: { replicas: 4 } });
    expect([first.rig.autoscaler.leading, second.rig.autoscaler.leading]).toEqual([true, false]);
    expect(second.rig.events).toEqual([]);

    first.api.down = true;
    first.rig.call(9);
    second.rig.call(6);
    await clock.advanceAsync(lease);
    expect(await scale()).toMatchObject({ spec: { replicas: 6 } });
    expect([first.rig.autoscaler.leading, second.rig.autoscaler.leading]).toEqual([false, true]);
    // The one that was cut off comes back, and only looks on.
    first.api.down = false;
    await clock.advanceAsync(60_000);
    expect(await scale()).toMatchObject({ spec: { replicas: 6 } });
    await Promise.all([first.rig.autoscaler.close(), second.rig.autoscaler.close()]);
    expect(clock.pending).toBe(0);
  });
});
