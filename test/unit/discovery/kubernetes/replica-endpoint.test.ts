import { describe, expect, it } from 'vitest';
import { resolveEndpoints } from '../../../../src/balancer/options/endpoint-options.js';
import {
  type EndpointFields,
  type EndpointTerms,
  endpointOf,
} from '../../../../src/discovery/kubernetes/replica-endpoint.js';
import type { KubernetesReplica } from '../../../../src/discovery/kubernetes/replicas.js';

const replica: KubernetesReplica = {
  service: 'llm',
  pod: 'vllm-0',
  address: '10.0.0.1',
  port: 8000,
  zone: undefined,
  node: undefined,
  labels: {},
  annotations: {},
  appProtocol: undefined,
};

function describeEndpoint(of: Partial<KubernetesReplica>, terms: Partial<EndpointTerms> = {}) {
  const problems: string[] = [];
  const config = endpointOf(
    { ...replica, ...of },
    {
      protocol: undefined,
      path: '',
      endpoint: () => ({}),
      problem: (message) => problems.push(message),
      ...terms,
    },
  );
  if (config !== undefined) resolveEndpoints([config]);
  return { config, problems };
}

describe('The endpoint of a replica', () => {
  it('is named after pod and port, or after its address where there is no pod', () => {
    expect(describeEndpoint({}).config).toMatchObject({ id: 'vllm-0:8000', url: 'http://10.0.0.1:8000' });
    expect(describeEndpoint({ pod: undefined }).config).toMatchObject({ id: '10.0.0.1:8000' });
  });

  it('has IPv6 addresses in brackets', () => {
    expect(describeEndpoint({ pod: undefined, address: 'fd00::1' }).config).toMatchObject({
      id: '[fd00::1]:8000',
      url: 'http://[fd00::1]:8000',
    });
  });

  it('speaks https where the port says so, and what the option says in any case', () => {
    expect(describeEndpoint({ appProtocol: 'https' }).config?.url).toBe('https://10.0.0.1:8000');
    expect(describeEndpoint({ appProtocol: 'https' }, { protocol: 'http' }).config?.url).toBe(
      'http://10.0.0.1:8000',
    );
    expect(describeEndpoint({ appProtocol: 'kubernetes.io/h2c' }, { path: '/v1' }).config?.url).toBe(
      'http://10.0.0.1:8000/v1',
    );
  });

  it('takes weight, tier, limit, standby and models from annotations, and from labels where no annotation says it', () => {
    const labels = { 'evenkeel/weight': '3', 'evenkeel/tier': '1', 'evenkeel/models': 'never-seen' };
    const annotations = {
      'evenkeel/weight': '0.5',
      'evenkeel/max-outstanding': '32',
      'evenkeel/standby': 'true',
      'evenkeel/models': 'meta-llama/Llama-3.1-8B, qwen',
    };
    expect(describeEndpoint({ labels, annotations })).toMatchObject({
      config: {
        weight: 0.5,
        tier: 1,
        maxOutstanding: 32,
        standby: true,
        models: ['meta-llama/Llama-3.1-8B', 'qwen'],
      },
      problems: [],
    });
  });

  it('says which values it cannot use, and goes without them', () => {
    const annotations = {
      'evenkeel/weight': 'heavy',
      'evenkeel/tier': '1.5',
      'evenkeel/max-outstanding': '0',
      'evenkeel/standby': 'yes',
      'evenkeel/models': ' , ',
    };
    const { config, problems } = describeEndpoint({ annotations });
    expect(config).toEqual({ id: 'vllm-0:8000', url: 'http://10.0.0.1:8000', labels: {} });
    expect(problems).toEqual([
      'evenkeel/weight of vllm-0 must be a number, at least 0; got "heavy"',
      'evenkeel/tier of vllm-0 must be an integer, at least 0; got "1.5"',
      'evenkeel/max-outstanding of vllm-0 must be an integer, at least 1; got "0"',
      'evenkeel/standby of vllm-0 must be true or false; got "yes"',
    ]);
    for (const weight of ['', '-1', '0x10', '1e999', 'NaN'])
      expect(describeEndpoint({ annotations: { 'evenkeel/weight': weight } }).problems).toHaveLength(1);
  });

  it('carries all labels, zone and node, under the names that Kubernetes has for them', () => {
    const { config } = describeEndpoint({ labels: { gpu: 'a100' }, zone: 'eu-1a', node: 'n7' });
    expect(config?.labels).toEqual({
      gpu: 'a100',
      'topology.kubernetes.io/zone': 'eu-1a',
      'kubernetes.io/hostname': 'n7',
    });
  });

  it('has what the code says above what the cluster says, and is left out where the code says nothing', () => {
    const fields: EndpointFields = { weight: 2, healthPath: '/health', labels: { gpu: 't4' } };
    const said = { labels: { 'evenkeel/weight': '3', gpu: 'a100' } };
    const { config } = describeEndpoint(said, { endpoint: () => fields });
    expect(config).toMatchObject({ weight: 2, healthPath: '/health', labels: { gpu: 't4' } });
    expect(describeEndpoint({}, { endpoint: () => undefined }).config).toBeUndefined();
    const byZone = ({ zone }: KubernetesReplica): EndpointFields => ({ tier: zone === 'here' ? 0 : 1 });
    expect(describeEndpoint({ zone: 'there' }, { endpoint: byZone }).config?.tier).toBe(1);
  });
});
