import type { KubeMetadata, KubeObject } from './kinds.js';

/** An entry of an EndpointSlice. */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: { readonly kind: string; readonly name: string };
  readonly zone?: string;
  readonly nodeName?: string;
}

export interface SliceOptions {
  readonly service?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly addressType?: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly appProtocol?: string;
  }[];
  readonly endpoints?: readonly SliceEndpoint[];
}

/** An EndpointSlice of Service `llm`, port 8000, as the controller makes it. */
export function endpointSlice(name: string, options: SliceOptions = {}): KubeObject {
  const { service = 'llm', labels, annotations, addressType = 'IPv4', endpoints = [] } = options;
  const metadata: KubeMetadata = {
    name,
    labels: { 'kubernetes.io/service-name': service, ...labels },
    annotations,
  };
  const { ports = [{ name: 'http', port: 8000 }] } = options;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType,
    ports,
    endpoints,
  };
}

/** A pod, as far as anybody here looks at it. */
export function pod(name: string, metadata: Omit<KubeMetadata, 'name'> = {}): KubeObject {
  const spec = { containers: [{ name: 'vllm', image: 'vllm' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
}

export function deployment(name: string, replicas: number): KubeObject {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'vllm', image: 'vllm' }] } };
  const spec = { replicas, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec, status: { replicas } };
}
