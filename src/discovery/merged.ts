import type { DiscoverySource } from '../core/discovery.js';
import type { EndpointConfig } from '../core/endpoint.js';
import { InvalidOptionError } from '../errors.js';

/**
 * The endpoints of several sources together: servers that come and go, and a hosted API behind them. Tells nothing
 * before each has told its first list or failed to, so that no part is taken for the whole; then whenever one tells
 * a new one. An endpoint that two of them have is the earlier one's.
 *
 * @param parts sources, or plain lists
 * @example
 * merged(dns('vllm.internal', { port: 8000 }), [{ url: 'https://api.example.com/v1', tier: 1 }])
 */
export function merged(...parts: readonly (DiscoverySource | readonly EndpointConfig[])[]): DiscoverySource {
  if (parts.length === 0) throw new InvalidOptionError('merged', 'must have at least one source', parts);
  return {
    name: `merged(${parts.map((part) => ('watch' in part ? part.name : 'static')).join(',')})`,
    watch(listener) {
      const lists: (readonly EndpointConfig[] | undefined)[] = parts.map((part) =>
        'watch' in part ? undefined : part,
      );
      let started = false;
      const tell = () => {
        const known = lists.filter((list) => list !== undefined);
        if (started && known.length === lists.length) listener.update(union(known));
      };
      const stops = parts.map((part, index) => {
        if (!('watch' in part)) return undefined;
        return part.watch({
          update: (endpoints) => {
            lists[index] = endpoints;
            tell();
          },
          failed: (error) => {
            listener.failed(error);
            if (lists[index] !== undefined) return;
            lists[index] = [];
            tell();
          },
        });
      });
      started = true;
      tell();
      return async () => {
        await Promise.all(stops.map((stop) => stop?.()));
      };
    },
  };
}

function union(lists: readonly (readonly EndpointConfig[])[]): readonly EndpointConfig[] {
  const byId = new Map<string, EndpointConfig>();
  for (const config of lists.flat()) {
    const id = config.id ?? config.url;
    if (!byId.has(id)) byId.set(id, config);
  }
  return [...byId.values()];
}
