import { describe, expect, it } from 'vitest';
import { type KubernetesOptions, kubernetes } from '../../../src/discovery/kubernetes.js';
import { discoveryConformance } from '../../../src/testing/discovery-conformance.js';
import { FakeKubernetes } from '../../support/fake-kubernetes.js';
import { endpointSlice } from '../../support/kubernetes/manifests.js';

/** No waits: what is retried is retried at once. */
const QUICK = { retry: 0, maxRetry: 0 };
const SLICES = 'endpointslices';

function publish(fake: FakeKubernetes, hosts: readonly string[], name = 'llm-1'): void {
  fake.apply(endpointSlice(name, { endpoints: hosts.map((host) => ({ addresses: [host] })) }));
}

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
