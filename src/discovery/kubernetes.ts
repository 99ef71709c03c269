import { resolveEndpoint } from '../balancer/options/endpoint-options.js';
import type { Clock, Random } from '../core/clock.js';
import type { DiscoveryListener, DiscoverySource } from '../core/discovery.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { InvalidOptionError } from '../errors.js';
import { systemClock, systemRandom } from '../system.js';
import { type KubernetesApiOptions, kubernetesApi } from '../transport/kubernetes-api.js';
import type { EndpointFields, EndpointTerms } from './kubernetes/replica-endpoint.js';
import type { KubernetesReplica } from './kubernetes/replicas.js';
import { ServiceWatch } from './kubernetes/service-watch.js';

export type { EndpointFields } from './kubernetes/replica-endpoint.js';
export type { KubernetesReplica } from './kubernetes/replicas.js';

/** Times in ms. */
export interface KubernetesOptions
  extends Pick<KubernetesApiOptions, 'server' | 'token' | 'ca' | 'serviceAccount'> {
  /** Default: that of the pod, else `default`. */
  readonly namespace?: string;
  /** Name of the Service's port, or a number. Default: its only port, or the one named `http`. */
  readonly port?: string | number;
  /** Default: `https` where the port's `appProtocol` says so, else `http`. */
  readonly protocol?: 'http' | 'https';
  /** Base path of every endpoint. Default: none. */
  readonly path?: string;
  /**
   * Label selector of the Service's pods, as in `app=vllm`: their labels and annotations are then read as well,
   * which needs the right to list and watch pods. Default: those of the Service alone.
   */
  readonly pods?: string;
  /**
   * What every endpoint has beside its url, or a function that says so for each and leaves out those for which it
   * returns `undefined`. Stands above labels and annotations.
   */
  readonly endpoint?: EndpointFields | ((replica: KubernetesReplica) => EndpointFields | undefined);
  /** How long the API may take to answer. Default 10 000. */
  readonly timeout?: number;
  /** Longest watch; a connection that died without a word is noticed 10 s later at most. Default 120 000. */
  readonly watchTimeout?: number;
  /** First wait after a failure; it doubles. Default 500. */
  readonly retry?: number;
  /** Longest wait after a failure. Default 30 000. */
  readonly maxRetry?: number;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** For tests. Default: `Math.random`. */
  readonly random?: Random;
}

const API_KEYS = ['server', 'token', 'ca', 'serviceAccount', 'namespace', 'timeout', 'clock'] as const;
const KEYS: readonly (keyof KubernetesOptions)[] = [
  ...API_KEYS,
  'port',
  'protocol',
  'path',
  'pods',
  'endpoint',
  'watchTimeout',
  'retry',
  'maxRetry',
  'random',
];

/** A name of Kubernetes: RFC 1123 label. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * The ready pods behind one or several Services, by list and watch of their EndpointSlices: no DNS, no polling.
 * A pod that becomes unready or terminates is out of the list at once and finishes its streams. When the API server
 * cannot be reached the last list stays.
 *
 * In a pod it needs no options but a ServiceAccount that may list and watch `endpointslices`.
 *
 * @throws InvalidOptionError naming the option, the rule and the value; also outside a cluster without `server`
 * @example
 * new LoadBalancer({ endpoints: kubernetes('vllm') });
 */
export function kubernetes(
  service: string | readonly string[],
  options: KubernetesOptions = {},
): DiscoverySource {
  const given = optionFields('kubernetes', options, KEYS) as KubernetesOptions;
  const services = typeof service === 'string' ? [service] : service;
  if (!Array.isArray(services) || services.length === 0 || !services.every(isName))
    throw new InvalidOptionError('kubernetes.service', 'must be the name of a Service, or several', service);
  if (given.namespace !== undefined && !isName(given.namespace))
    throw new InvalidOptionError('kubernetes.namespace', 'must be the name of a namespace', given.namespace);
  const retry = numberOption('kubernetes.retry', given.retry, 500, { min: 0 });
  const name = `kubernetes:${services.join('+')}`;
  const terms = {
    name,
    services,
    port: resolvePort(given.port),
    pods: resolvePods(given.pods),
    protocol: resolveProtocol(given.protocol),
    path: given.path ?? '',
    endpoint: resolveFields(given),
    watchTimeout: numberOption('kubernetes.watchTimeout', given.watchTimeout, 120_000, { min: 1_000 }),
    retry,
    maxRetry: numberOption('kubernetes.maxRetry', given.maxRetry, 30_000, { min: retry }),
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
  };
  const access = Object.fromEntries(API_KEYS.map((key) => [key, given[key]]));
  // Refuses mistakes in it now and not when somebody watches.
  kubernetesApi(access);
  return {
    name,
    watch(listener: DiscoveryListener) {
      const watch = new ServiceWatch(kubernetesApi(access), terms, listener);
      return () => watch.stop();
    },
  };
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value);
}

function resolvePort(port: unknown): string | number | undefined {
  if (port === undefined || (typeof port === 'string' && port !== '')) return port;
  if (typeof port === 'string')
    throw new InvalidOptionError('kubernetes.port', 'must be a name or a number', port);
  return numberOption('kubernetes.port', port, 0, { integer: true, min: 1, max: 65_535 });
}

function resolvePods(selector: unknown): string | undefined {
  // Without a selector they would be all the pods of the namespace.
  if (selector === undefined || (typeof selector === 'string' && selector !== '')) return selector;
  throw new InvalidOptionError('kubernetes.pods', 'must be a label selector, as in app=vllm', selector);
}

function resolveProtocol(protocol: unknown): 'http' | 'https' | undefined {
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return protocol;
  throw new InvalidOptionError('kubernetes.protocol', 'must be http or https', protocol);
}

/** Refuses a mistake in what every endpoint has, now and not with the first list. */
function resolveFields({ endpoint = {}, path = '' }: KubernetesOptions): EndpointTerms['endpoint'] {
  if (typeof path !== 'string' || !/^(\/.*)?$/.test(path))
    throw new InvalidOptionError('kubernetes.path', 'must begin with /', path);
  const fields = typeof endpoint === 'function' ? {} : endpoint;
  resolveEndpoint({ ...fields, url: `http://192.0.2.1${path}` }, 'kubernetes.endpoint');
  return typeof endpoint === 'function' ? endpoint : () => endpoint;
}
