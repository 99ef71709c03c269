import type { DiscoverySource } from '../../core/discovery.js';
import type { EndpointConfig } from '../../core/endpoint.js';
import { InvalidOptionError } from '../../errors.js';
import type { Endpoint } from '../../state/endpoint.js';
import { resolveEndpoints } from './endpoint-options.js';
import { iterated } from './iterated.js';

/** The endpoints themselves, or what tells them. */
export type EndpointsOption =
  | readonly EndpointConfig[]
  | DiscoverySource
  | AsyncIterable<readonly EndpointConfig[]>;

/** @throws InvalidOptionError for what is none of them, and for an empty list, which nothing could fill */
export function resolveEndpointsOption(
  value: EndpointsOption | undefined,
  share: number,
): { readonly endpoints: readonly Endpoint[]; readonly source: DiscoverySource | undefined } {
  if (isSource(value)) return { endpoints: [], source: value };
  if (isIterable(value)) return { endpoints: [], source: iterated(value) };
  const endpoints = resolveEndpoints(value, share);
  if (endpoints.length === 0)
    throw new InvalidOptionError('endpoints', 'must name at least one endpoint', value);
  return { endpoints, source: undefined };
}

function isSource(value: unknown): value is DiscoverySource {
  return isObject(value) && 'watch' in value && typeof value.watch === 'function';
}

function isIterable(value: unknown): value is AsyncIterable<readonly EndpointConfig[]> {
  return isObject(value) && Symbol.asyncIterator in value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
