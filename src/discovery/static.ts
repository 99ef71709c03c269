import type { DiscoverySource } from '../core/discovery.js';
import type { EndpointConfig } from '../core/endpoint.js';

/**
 * A list that never changes, as a source: where a source is asked for, or beside others.
 *
 * @example
 * new LoadBalancer({ endpoints: staticEndpoints([{ url: 'http://10.0.1.10:8000' }]) });
 */
export function staticEndpoints(endpoints: readonly EndpointConfig[]): DiscoverySource {
  return {
    name: 'static',
    watch(listener) {
      listener.update(endpoints);
      return async () => {};
    },
  };
}
