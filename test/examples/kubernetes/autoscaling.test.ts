import { readdirSync, readFileSync } from 'node:fs';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { kedaMetrics, kubernetesLease, kubernetesScale } from '../../../src/autoscaling/index.js';
import { metricsHandler } from '../../../src/facades/web.js';
import { LoadBalancer } from '../../../src/index.js';
import {
  type HorizontalBehavior,
  horizontal,
  queueDepthPerReplica,
} from '../../../src/scaling/horizontal.js';
import { prometheusMetrics } from '../../../src/telemetry/prometheus.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';
import { FakeKubernetes, type PolicyRule } from '../../support/fake-kubernetes.js';
import { deployment } from '../../support/kubernetes/manifests.js';

const FOLDER = 'examples/kubernetes/autoscaling';
const MODELS = { HorizontalPodAutoscaler, ScaledObject, Role, RoleBinding, ServiceAccount };

type Manifest = { readonly kind: keyof typeof MODELS };

function read(file: string): string {
  return readFileSync(`${FOLDER}/${file}`, 'utf8');
}

function manifests(file: string): Manifest[] {
  return parseAllDocuments(read(file)).map((document) => document.toJS() as Manifest);
}

/** Throws when a manifest is not of its kind's schema. */
function validate(manifest: Manifest): void {
  new MODELS[manifest.kind](manifest as never).validate();
}

function behaviorOf(file: string): HorizontalBehavior {
  const { spec } = manifests(file)[0] as unknown as {
    spec: {
      behavior?: HorizontalBehavior;
      advanced?: { horizontalPodAutoscalerConfig: { behavior: HorizontalBehavior } };
    };
  };
  const behavior = spec.behavior ?? spec.advanced?.horizontalPodAutoscalerConfig.behavior;
  if (behavior === undefined) throw new Error(`${file} has no behavior`);
  return behavior;
}

/** The names of metrics that an application exports with `prefix: ''`. */
async function exported(): Promise<string[]> {
  await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
  const { registry } = prometheusMetrics(balancer, { prefix: '' });
  return registry.getMetricsAsArray().map(({ name }) => name);
}

/** What KEDA finds by a GJSON path of plain names: dots part them, but for those behind a backslash. */
function atPath(json: unknown, path: string): unknown {
  const names = path.split(/(?<!\\)\./).map((name) => name.replaceAll('\\.', '.'));
  return names.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], json);
}

describe('The manifests for autoscaling', () => {
  const files = readdirSync(FOLDER).filter((file) => file !== 'prometheus-adapter.yaml');

  it.each(files)('%s is valid by the schemas of Kubernetes and KEDA', (file) => {
    const found = manifests(file);
    expect(found.length).toBeGreaterThan(0);
    for (const manifest of found) validate(manifest);
  });

  it('would be found out if they were not', () => {
    const broken = structuredClone(manifests('hpa.yaml')[0]) as never as {
      spec: { maxReplicas: string };
    } & Manifest;
    broken.spec.maxReplicas = 'ten';
    expect(() => validate(broken)).toThrow(/maxReplicas/);
    const [scaled] = structuredClone(manifests('keda-prometheus.yaml')) as never as [
      { spec: { triggers: unknown } } & Manifest,
    ];
    scaled.spec.triggers = 'prometheus';
    expect(() => validate(scaled)).toThrow(/triggers/);
  });

  it('scale on metrics that there are', async () => {
    const names = await exported();
    const [hpa] = manifests('hpa.yaml') as unknown as [
      { spec: { metrics: { type: string; pods?: { metric: { name: string } } }[] } },
    ];
    expect(hpa.spec.metrics.map(({ type, pods }) => [type, pods?.metric.name])).toEqual([
      ['Resource', undefined],
      ['Pods', 'request_queue_depth'],
    ]);
    const adapter = parse(read('prometheus-adapter.yaml')) as {
      rules: { custom: { name: { as: string }; metricsQuery: string }[] };
    };
    const [rule] = adapter.rules.custom;
    expect(rule?.name.as).toBe('request_queue_depth');
    const queries = [rule?.metricsQuery ?? ''];
    const [prometheus] = manifests('keda-prometheus.yaml') as unknown as [
      { spec: { triggers: { metadata: { query: string } }[] } },
    ];
    queries.push(...prometheus.spec.triggers.map(({ metadata }) => metadata.query));
    const used = queries.map((query) => /sum\(([a-z_]+)\)/.exec(query)?.[1]);
    expect(used).toEqual(['request_queue_depth', 'request_queue_depth', 'endpoint_outstanding_requests']);
    for (const name of used) expect(names).toContain(name);
  });

  it('ask the application for a number that is in its JSON where the manifest says', async () => {
    const { balancer: snapshot } = fakeSituation({ queued: 3, outstanding: 4 });
    const balancer = { snapshot: () => ({ ...snapshot, queuedByModel: { 'llama-3.1-8b': 3 } }) };
    const json: unknown = await (await metricsHandler(kedaMetrics(balancer))()).json();
    const [keda] = manifests('keda-metrics-api.yaml') as unknown as [
      { spec: { triggers: { metadata: { valueLocation: string } }[] } },
    ];
    expect(atPath(json, keda.spec.triggers[0]?.metadata.valueLocation ?? '')).toBe(7);
    // As the page on autoscaling has it for one model.
    expect(atPath(json, 'queueDepthByModel.llama-3\\.1-8b')).toBe(3);
    expect(atPath(json, 'queueDepthByModel.llama-3.1-8b')).toBeUndefined();
  });

  it.each(['hpa.yaml', 'keda-metrics-api.yaml', 'keda-prometheus.yaml'])(
    '%s adds 2 pods a minute after a minute, and takes one away every 2 minutes after 5',
    (file) => {
      const policy = horizontal({
        min: 2,
        max: 10,
        metrics: [queueDepthPerReplica(5)],
        behavior: behaviorOf(file),
      });
      let desired = 2;
      const changes: [number, number][] = [];
      for (let now = 0; now <= 1_200_000; now += 15_000) {
        const queued = now > 0 && now < 600_000 ? 100 : 0;
        const replicas = policy.decide(fakeSituation({ now, desired, queued }))?.replicas ?? desired;
        if (replicas !== desired) changes.push([now / 1000, replicas]);
        desired = replicas;
      }
      expect(changes).toEqual([
        [60, 4],
        [120, 6],
        [180, 8],
        [240, 10],
        [885, 9],
        [1005, 8],
        [1125, 7],
      ]);
    },
  );

  it('grant what kubernetesScale and kubernetesLease need, and no more than they use', async () => {
    const role = manifests('rbac.yaml').find(({ kind }) => kind === 'Role') as unknown as {
      rules: PolicyRule[];
    };
    await using fake = await FakeKubernetes.start({ rules: role.rules });
    fake.apply(deployment('llm', 2));
    const api = { server: fake.url, token: 'chat' };
    const signal = new AbortController().signal;
    const actuator = kubernetesScale({ name: 'llm', api });
    await actuator.read(signal);
    await actuator.scale(3, signal);
    const stop = kubernetesLease({ name: 'llm-autoscaler', api }).campaign({
      changed: () => {},
      failed: () => {},
    });
    await fake.until(() =>
      fake.requests.some(
        ({ verb, resource, code }) => `${verb} ${resource}` === 'create leases' && code === 201,
      ),
    );
    await stop();
    expect(fake.requests.filter(({ code }) => code === 403)).toEqual([]);
    const used = new Set(fake.requests.map(({ verb, resource }) => `${verb} ${resource}`));
    const granted = role.rules.flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    );
    expect([...used].sort()).toEqual([...granted].sort());
  });
});
