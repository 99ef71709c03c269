import { Resolver } from 'node:dns/promises';
import { resolveEndpoint } from '../balancer/options/endpoint-options.js';
import type { Clock, Random } from '../core/clock.js';
import type { DiscoverySource } from '../core/discovery.js';
import type { EndpointConfig } from '../core/endpoint.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { InvalidOptionError } from '../errors.js';
import { systemClock, systemRandom } from '../system.js';
import { findAddresses } from './reading/dns-addresses.js';
import { findServices } from './reading/dns-services.js';
import { polled } from './reading/polled.js';

/** Times in ms. */
export interface DnsOptions {
  /** Where the servers listen. Needed for addresses; SRV records bring their own. */
  readonly port?: number;
  /** Base path of every endpoint. Default: none. */
  readonly path?: string;
  /** 4: A records; 6: AAAA records. Default: A, or AAAA where there is no A. */
  readonly family?: 4 | 6;
  /** What every endpoint has beside its url; stands above weight and tier of SRV records. */
  readonly endpoint?: Omit<EndpointConfig, 'url' | 'id'>;
  /** DNS servers, as in `10.0.0.10` or `127.0.0.1:5353`. Default: the system's. */
  readonly servers?: readonly string[];
  /** Shortest time between two looks, however short the TTL. Default 1 000. */
  readonly minTtl?: number;
  /** Longest time between two looks, however long the TTL. Default 30 000. */
  readonly maxTtl?: number;
  /** How long a DNS server may take to answer; it is asked twice. Default 2 000. */
  readonly timeout?: number;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** For tests. Default: `Math.random`. */
  readonly random?: Random;
}

const KEYS: readonly (keyof DnsOptions)[] = [
  'port',
  'path',
  'family',
  'endpoint',
  'servers',
  'minTtl',
  'maxTtl',
  'timeout',
  'clock',
  'random',
];

/** Processes that started together part; small beside the TTL, so that news comes in time. */
const JITTER = { share: 0.1, most: 500 };

/**
 * The addresses behind a DNS name, looked up again when their TTL has passed. A name that begins with `_` is one of
 * SRV records (RFC 2782): port, weight, and priority as tier come with them, and each target's addresses are looked
 * up too. An answer without addresses, NXDOMAIN and SERVFAIL included, is a failure: the last list stays.
 *
 * @param name in full: resolvers' search lists are not used
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * new LoadBalancer({ endpoints: dns('vllm.llm.svc.cluster.local', { port: 8000 }) });
 */
export function dns(name: string, options: DnsOptions = {}): DiscoverySource {
  const given = optionFields('dns', options, KEYS) as DnsOptions;
  if (typeof name !== 'string' || name === '' || /[\s/:]/.test(name))
    throw new InvalidOptionError('dns.name', 'must be a host name', name);
  const service = name.startsWith('_');
  if (!service && given.port === undefined)
    throw new InvalidOptionError('dns.port', 'must be given: an address record has none', given.port);
  const minTtl = numberOption('dns.minTtl', given.minTtl, 1_000, { above: 0 });
  const maxTtl = numberOption('dns.maxTtl', given.maxTtl, Math.max(30_000, minTtl), { min: minTtl });
  const timeout = numberOption('dns.timeout', given.timeout, 2_000, { integer: true, above: 0 });
  const { clock = systemClock, random = systemRandom, family, servers } = given;
  if (family !== undefined && family !== 4 && family !== 6)
    throw new InvalidOptionError('dns.family', 'must be 4 or 6', family);
  const place = {
    port: numberOption('dns.port', given.port, 0, { integer: true, min: 1, max: 65_535 }),
    path: given.path ?? '',
    endpoint: given.endpoint ?? {},
  };
  // Refuses a mistake in them now and not with the first list.
  resolveEndpoint({ ...place.endpoint, url: `http://192.0.2.1${place.path}` }, 'dns.endpoint');
  const resolver = () => {
    // A fresh one for each look: c-ares keeps answers, and one that is cancelled is of no more use.
    const made = new Resolver({ timeout, tries: 2 });
    if (servers !== undefined) made.setServers([...servers]);
    return made;
  };
  // Refuses a wrong address now and not at every look.
  resolver();

  return polled({
    name: `dns:${name}`,
    clock,
    random,
    retry: minTtl,
    maxRetry: maxTtl,
    open: () => {
      const known = new Map<string, readonly string[]>();
      return {
        async read(signal) {
          const own = resolver();
          const cancel = () => own.cancel();
          signal.addEventListener('abort', cancel);
          try {
            const { endpoints, ttl } = service
              ? await findServices(own, { name, family, known, ...place })
              : await findAddresses(own, { name, family, ...place });
            const wait = Math.min(Math.max(ttl, minTtl), maxTtl);
            return { endpoints, wait: wait + random() * Math.min(wait * JITTER.share, JITTER.most) };
          } finally {
            signal.removeEventListener('abort', cancel);
          }
        },
      };
    },
  });
}
