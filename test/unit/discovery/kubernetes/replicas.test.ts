import { describe, expect, it } from 'vitest';
import { type EndpointSlice, listReplicas } from '../../../../src/discovery/kubernetes/replicas.js';
import {
  endpointSlice,
  pod,
  type SliceEndpoint,
  type SliceOptions,
} from '../../../support/kubernetes/manifests.js';

const slice = (name: string, options: SliceOptions = {}) => endpointSlice(name, options) as EndpointSlice;
const podAt = (name: string, address: string, more: Partial<SliceEndpoint> = {}): SliceEndpoint => ({
  addresses: [address],
  targetRef: { kind: 'Pod', name },
  ...more,
});

function list(slices: readonly EndpointSlice[], port?: string | number) {
  return listReplicas(slices, { port, pods: undefined }).map(
    (replica) => `${replica.pod ?? '-'} ${replica.address} ${replica.port}`,
  );
}

describe('The replicas of a Service', () => {
  it('are those that are ready, or of which nothing is known', () => {
    const conditions: [string, SliceEndpoint['conditions']][] = [
      ['unknown', undefined],
      ['nothing-said', {}],
      ['ready', { ready: true, serving: true, terminating: false }],
      ['old-api', { ready: true }],
      ['unready', { ready: false, serving: false, terminating: false }],
      ['draining', { ready: false, serving: true, terminating: true }],
      ['ending', { ready: false, serving: false, terminating: true }],
      // Of a Service with publishNotReadyAddresses.
      ['loading', { ready: true, serving: false, terminating: false }],
      ['leaving', { ready: true, serving: true, terminating: true }],
    ];
    const endpoints = conditions.map(([name, said]) => podAt(name, '10.0.0.1', { conditions: said }));
    expect(
      listReplicas([slice('a', { endpoints })], { port: undefined, pods: undefined }).map(({ pod }) => pod),
    ).toEqual(['nothing-said', 'old-api', 'ready', 'unknown']);
  });

  it('are merged from several slices, each with its own port number, in the order of their names', () => {
    const slices = [
      slice('b', { ports: [{ name: 'http', port: 8001 }], endpoints: [podAt('p1', '10.0.0.1')] }),
      slice('a', { ports: [{ name: 'http', port: 8002 }], endpoints: [podAt('p2', '10.0.0.2')] }),
    ];
    expect(list(slices)).toEqual(['p1 10.0.0.1 8001', 'p2 10.0.0.2 8002']);
  });

  it('are none for a Service without pods, whose slice has neither endpoints nor ports', () => {
    const empty = { ...slice('a'), endpoints: null, ports: null };
    expect(list([empty], 'http')).toEqual([]);
    expect(list([])).toEqual([]);
  });

  it('are counted once on a dual-stack Service, by their IPv4 address', () => {
    const slices = [
      slice('a-v6', { addressType: 'IPv6', endpoints: [podAt('p1', 'fd00::1'), podAt('p2', 'fd00::2')] }),
      slice('b-v4', { endpoints: [podAt('p1', '10.0.0.1')] }),
    ];
    expect(list(slices)).toEqual(['p1 10.0.0.1 8000', 'p2 fd00::2 8000']);
  });

  it('are out as soon as one of two slices says so, in whatever order they come', () => {
    const ready = slice('a', { endpoints: [podAt('p1', '10.0.0.1')] });
    const terminating = slice('b', {
      endpoints: [podAt('p1', '10.0.0.1', { conditions: { terminating: true } })],
    });
    expect(list([ready, terminating])).toEqual([]);
    expect(list([terminating, ready])).toEqual([]);
  });

  it('may be other things than pods, and have several addresses of which the first counts', () => {
    const endpoints = [{ addresses: ['10.0.0.9', '10.0.0.8'] }, { addresses: [] }];
    expect(list([slice('a', { endpoints })])).toEqual(['- 10.0.0.9 8000']);
  });

  it('say Service, zone, node and appProtocol, and take labels and annotations of slice and pod, the pod first', () => {
    const own = pod('p1', { labels: { gpu: 'a100' }, annotations: { 'evenkeel/weight': '3' } });
    const [replica] = listReplicas(
      [
        slice('a', {
          labels: { gpu: 'any', team: 'chat' },
          annotations: { note: 'by hand' },
          ports: [{ name: 'http', port: 8000, appProtocol: 'https' }],
          endpoints: [podAt('p1', '10.0.0.1', { zone: 'eu-1a', nodeName: 'n7' })],
        }),
      ],
      { port: undefined, pods: new Map([['p1', own]]) },
    );
    expect(replica).toEqual({
      service: 'llm',
      pod: 'p1',
      address: '10.0.0.1',
      port: 8000,
      appProtocol: 'https',
      zone: 'eu-1a',
      node: 'n7',
      labels: { 'kubernetes.io/service-name': 'llm', gpu: 'a100', team: 'chat' },
      annotations: { note: 'by hand', 'evenkeel/weight': '3' },
    });
  });
});

describe('The port of a replica', () => {
  const endpoints = [podAt('p1', '10.0.0.1')];
  const ports = (...named: [string, number][]) => named.map(([name, port]) => ({ name, port }));

  it('is the only one, whatever its name', () => {
    expect(list([slice('a', { ports: ports(['web', 9000]), endpoints })])).toEqual(['p1 10.0.0.1 9000']);
    expect(list([slice('a', { ports: [{ port: 9000 }], endpoints })])).toEqual(['p1 10.0.0.1 9000']);
  });

  it('is, of several, the one named by the option, and http without it', () => {
    const both = slice('a', { ports: ports(['metrics', 9000], ['http', 8000]), endpoints });
    expect(list([both])).toEqual(['p1 10.0.0.1 8000']);
    expect(list([both], 'metrics')).toEqual(['p1 10.0.0.1 9000']);
  });

  it('is a number as it is given, also where the Service names no port', () => {
    expect(list([slice('a', { ports: [], endpoints })], 8080)).toEqual(['p1 10.0.0.1 8080']);
    expect(list([slice('a', { endpoints })], 8080)).toEqual(['p1 10.0.0.1 8080']);
  });

  it('is looked for in all slices: those without it are left out', () => {
    const other = slice('b', { ports: ports(['grpc', 9000]), endpoints: [podAt('p2', '10.0.0.2')] });
    expect(list([slice('a', { endpoints }), other], 'http')).toEqual(['p1 10.0.0.1 8000']);
  });

  it('is an error with the names that there are, when none of the slices has it or it is not clear', () => {
    const several = slice('a', { ports: ports(['grpc', 9000], ['web', 8000]), endpoints });
    expect(() => list([several])).toThrow(
      'say by `port` which is meant; the Service has the ports: grpc, web',
    );
    expect(() => list([several], 'http')).toThrow('no port http; the Service has the ports: grpc, web');
    expect(() => list([slice('a', { ports: [], endpoints })])).toThrow('the Service has the ports: none');
  });
});
