import { readdirSync, readFileSync } from 'node:fs';
import * as apps from 'kubernetes-models/apps/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as rbac from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import * as core from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { MockLlmServer } from '../../src/testing/index.js';
import { typeErrors } from '../docs/type-check.js';
import { FakeKubernetes, type KubeObject, type PolicyRule } from '../support/fake-kubernetes.js';
import { endpointSlice } from '../support/kubernetes/manifests.js';
import { bundled, startNode } from '../support/programs.js';

const FOLDER = 'examples/kubernetes';
const APP = `${FOLDER}/app.ts`;
const bundle = bundled(APP);
const MODELS: Readonly<Record<string, unknown>> = {
  v1: core,
  'apps/v1': apps,
  'policy/v1': policy,
  'rbac.authorization.k8s.io/v1': rbac,
};

interface Manifest {
  readonly file: string;
  readonly line: number;
  readonly object: KubeObject;
}

function readManifests(): Manifest[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  return files.flatMap((file) => {
    const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
    return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
      expect([file, document.errors, document.warnings]).toEqual([file, [], []]);
      const line = text.slice(0, document.contents?.range?.[0]).split('\n').length;
      return { file, line, object: document.toJS() as KubeObject };
    });
  });
}

/** What Kubernetes' own schema has against an object: wrong and missing values. */
function schemaProblems({ object }: Manifest): string[] {
  const { apiVersion = '', kind = '' } = object;
  const Model = (MODELS[apiVersion] as Readonly<Record<string, unknown>> | undefined)?.[kind];
  if (typeof Model !== 'function') return [`${apiVersion} ${kind} is not known`];
  try {
    Reflect.construct(Model, [object]).validate();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

/** Fields that Kubernetes does not know: the schemas let them pass, the types made of the same source do not. */
function unknownFields(manifests: readonly Manifest[]): string[] {
  return typeErrors(
    manifests.map(({ file, line, object: { apiVersion, kind, ...rest } }) => ({
      page: file,
      language: 'ts',
      line: line - 1,
      code: [
        `import type { I${kind} } from 'kubernetes-models/${apiVersion}';`,
        `export const manifest: I${kind} = ${JSON.stringify({ apiVersion, kind, ...rest })};`,
      ].join('\n'),
    })),
  );
}

const manifests = readManifests();
const budget = (spec: object): Manifest => ({
  file: 'planted.yaml',
  line: 7,
  object: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'x' }, spec },
});
const named = (kind: string, name: string) => {
  const found = manifests.find(({ object }) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`There is no ${kind} ${name}`);
  return found.object;
};

describe('The Kubernetes manifests', () => {
  it('are valid by the schemas of Kubernetes', () => {
    expect(manifests.length).toBeGreaterThan(9);
    for (const manifest of manifests)
      expect([manifest.file, schemaProblems(manifest)]).toEqual([manifest.file, []]);
  });

  it('have no field that Kubernetes does not know, and one that is planted is seen', {
    timeout: 60_000,
  }, () => {
    const planted = budget({ maxUnavailble: 1 });
    expect(unknownFields([...manifests, planted])).toEqual([
      expect.stringMatching(/^planted\.yaml:7: .*maxUnavailble/),
    ]);
  });

  it('are checked by schemas that see a wrong value, a missing one and a kind that is not known', () => {
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'x' },
    };
    expect(schemaProblems(budget({ selector: 'all' }))).toHaveLength(1);
    expect(schemaProblems({ file: 'planted.yaml', line: 1, object: binding })).toHaveLength(1);
    expect(
      schemaProblems({ file: 'planted.yaml', line: 1, object: { ...binding, kind: 'Rolebinding' } }),
    ).toHaveLength(1);
  });

  it('leave streams the time that the servers give them, preStop included', () => {
    for (const name of ['vllm', 'vllm-warm']) {
      const { spec } = named('Deployment', name) as unknown as { spec: { template: { spec: PodSpec } } };
      const [container] = spec.template.spec.containers;
      const [, drain] = /--shutdown-timeout=(\d+)/.exec(container?.args?.join(' ') ?? '') ?? [];
      const preStop = Number(container?.lifecycle.preStop.exec.command[1]);
      expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(preStop + Number(drain));
    }
  });

  it('have Services that select the pods of their Deployments', () => {
    for (const name of ['vllm', 'vllm-warm', 'app']) {
      const service = named('Service', name) as unknown as { spec: { selector: object } };
      const { spec } = named('Deployment', name) as unknown as {
        spec: { selector: { matchLabels: object }; template: { metadata: { labels: object } } };
      };
      expect(spec.template.metadata.labels).toMatchObject(service.spec.selector);
      expect(spec.selector.matchLabels).toEqual(service.spec.selector);
    }
  });
});

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly args?: readonly string[];
    readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  }[];
}

describe('The app of the manifests', () => {
  it('serves from the pods with no other rights than its Role, and ends at SIGTERM', {
    timeout: 60_000,
  }, async () => {
    const { rules } = named('Role', 'evenkeel-discovery') as unknown as { rules: PolicyRule[] };
    await using fake = await FakeKubernetes.start({ rules });
    await using pod = await MockLlmServer.start();
    await using warm = await MockLlmServer.start();
    for (const [service, { port }] of [
      ['vllm', pod],
      ['vllm-warm', warm],
    ] as const) {
      const { labels } = named('Service', service).metadata;
      const ports = [{ name: 'http', port }];
      fake.apply(
        endpointSlice(`${service}-1`, { service, labels, ports, endpoints: [{ addresses: ['127.0.0.1'] }] }),
      );
    }
    await using app = startNode([bundle(APP)], { KUBERNETES_API: fake.url, PORT: '0' });
    const port = await app.printed(/^Listening on port (\d+)$/m);
    await app.printed(/^2 endpoints$/m);
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`);
    expect([response.status, pod.stats.requests, warm.stats.requests]).toEqual([200, 1, 0]);
    app.child.kill('SIGTERM');
    expect(await app.ended).toMatchObject({ code: 0, errors: '' });
  });
});
