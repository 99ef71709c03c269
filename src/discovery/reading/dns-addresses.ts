import type { RecordWithTtl } from 'node:dns';
import type { Resolver } from 'node:dns/promises';
import type { EndpointConfig } from '../../core/endpoint.js';

/** Where the servers behind an address are. */
export interface Place {
  readonly port: number;
  readonly path: string;
  readonly endpoint: Omit<EndpointConfig, 'url' | 'id'>;
}

/** Endpoints, and for how long the answer holds, in ms. */
export interface Found {
  readonly endpoints: readonly EndpointConfig[];
  readonly ttl: number;
}

export interface AddressQuestion extends Place {
  readonly name: string;
  readonly family: 4 | 6 | undefined;
}

/** One endpoint for each address of a name. */
export async function findAddresses(
  resolver: Resolver,
  { name, family, ...place }: AddressQuestion,
): Promise<Found> {
  const { addresses, ttl } = await resolveAddresses(resolver, name, family);
  return { endpoints: addresses.map((address) => endpointAt(address, place)), ttl };
}

/**
 * Addresses in ascending order, so that the order of an answer, which servers turn, is no change.
 * With no family asked for: A records, or AAAA where there are none. Both would count a server twice.
 */
export async function resolveAddresses(
  resolver: Resolver,
  name: string,
  family: 4 | 6 | undefined,
): Promise<{ readonly addresses: readonly string[]; readonly ttl: number }> {
  let records: RecordWithTtl[];
  if (family === 6) records = await resolver.resolve6(name, { ttl: true });
  else {
    try {
      records = await resolver.resolve4(name, { ttl: true });
    } catch (error) {
      if (family === 4 || (error as NodeJS.ErrnoException).code !== 'ENODATA') throw error;
      records = await resolver.resolve6(name, { ttl: true });
    }
  }
  return {
    addresses: [...new Set(records.map(({ address }) => address))].sort(),
    ttl: Math.min(...records.map(({ ttl }) => ttl)) * 1_000,
  };
}

export function endpointAt(address: string, { port, path, endpoint }: Place): EndpointConfig {
  const host = address.includes(':') ? `[${address}]` : address;
  return { ...endpoint, url: `http://${host}:${port}${path}` };
}
