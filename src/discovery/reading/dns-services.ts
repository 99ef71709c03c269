import type { SrvRecord } from 'node:dns';
import type { Resolver } from 'node:dns/promises';
import type { EndpointConfig } from '../../core/endpoint.js';
import { type AddressQuestion, endpointAt, type Found, resolveAddresses } from './dns-addresses.js';

/** RFC 2782 gives weight 0 "a very small chance" beside others; to us 0 would be none at all. */
const SMALL_CHANCE = 0.01;

export interface ServiceQuestion extends AddressQuestion {
  /** Addresses of each target as they were last; kept up to date. */
  readonly known: Map<string, readonly string[]>;
}

/**
 * One endpoint for each address of each SRV record: its port, its priority as tier, its weight divided among its
 * addresses. A target that cannot be looked up keeps the addresses that it had.
 *
 * Node does not tell the TTL of SRV records: the addresses' own TTL stands in for it.
 */
export async function findServices(resolver: Resolver, question: ServiceQuestion): Promise<Found> {
  const { name, family, known, path, endpoint } = question;
  const records = (await resolver.resolveSrv(name)).filter((record) => record.name !== '');
  if (records.length === 0) throw new Error('the service is not offered (its only SRV target is the root)');
  let ttl = Number.POSITIVE_INFINITY;
  let failure: unknown;
  await Promise.all(
    [...new Set(records.map((record) => record.name))].map(async (target) => {
      try {
        const found = await resolveAddresses(resolver, target, family);
        known.set(target, found.addresses);
        ttl = Math.min(ttl, found.ttl);
      } catch (error) {
        failure = error;
      }
    }),
  );
  for (const target of known.keys()) {
    if (!records.some((record) => record.name === target)) known.delete(target);
  }
  // All of them: the last list stays anyhow, and it must be said that it is old.
  if (ttl === Number.POSITIVE_INFINITY) throw failure;
  const endpoints = new Map<string, EndpointConfig>();
  for (const record of records.sort(byPlace)) {
    const addresses = known.get(record.name) ?? [];
    const weight = weightOf(record, records) / addresses.length;
    for (const address of addresses) {
      const place = { port: record.port, path, endpoint: { weight, tier: record.priority, ...endpoint } };
      const config = endpointAt(address, place);
      if (!endpoints.has(config.url)) endpoints.set(config.url, config);
    }
  }
  return { endpoints: [...endpoints.values()], ttl };
}

/** Its weight, where 0 among others means little and 0 among zeros means alike. */
function weightOf(record: SrvRecord, records: readonly SrvRecord[]): number {
  if (record.weight > 0) return record.weight;
  const others = records
    .filter(({ priority, weight }) => priority === record.priority && weight > 0)
    .map(({ weight }) => weight);
  return others.length === 0 ? 1 : Math.min(...others) * SMALL_CHANCE;
}

function byPlace(one: SrvRecord, other: SrvRecord): number {
  return one.priority - other.priority || one.name.localeCompare(other.name) || one.port - other.port;
}
