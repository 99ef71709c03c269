import type { DiscoverySource } from '../../core/discovery.js';
import type { EndpointConfig } from '../../core/endpoint.js';

/**
 * Endpoint lists that are iterated, as a source. When the lists end, the last one stays; an error ends them too,
 * as it ends every iterator.
 */
export function iterated(lists: AsyncIterable<readonly EndpointConfig[]>): DiscoverySource {
  return {
    name: 'iterable',
    watch(listener) {
      const iterator = lists[Symbol.asyncIterator]();
      let stopped = false;
      const read = async () => {
        try {
          for (;;) {
            const { done, value } = await iterator.next();
            if (stopped || done === true) return;
            listener.update(value);
          }
        } catch (error) {
          if (!stopped) listener.failed(error instanceof Error ? error : new Error(String(error)));
        }
      };
      void read();
      return async () => {
        if (stopped) return;
        stopped = true;
        // Not waited for: a generator hears of it at its next `yield`, which may never come.
        iterator.return?.().catch(() => {});
      };
    },
  };
}
