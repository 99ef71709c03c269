import type { BalancerObserver } from 'evenkeel';
import type { SimulatedWorld } from 'evenkeel/simulation';

/** What the rivals use beside candidates and request: events of their own client, and what servers publish. */
export interface RivalWorld {
  observe(observer: BalancerObserver): void;
  every(interval: number, act: () => void): void;
  /** As on a server's metrics page at this moment. */
  load(id: string): { readonly waiting: number; readonly kvUsage: number };
  /** As known from the server's cache events. */
  cachedTokens(id: string, blocks: readonly number[]): number;
}

export function rivalWorld({ observe, every, replica }: SimulatedWorld): RivalWorld {
  return { observe, every, load: replica, cachedTokens: (id, blocks) => replica(id).cachedTokens(blocks) };
}

/** No server publishes anything and nothing is heard. */
export const NOWHERE: RivalWorld = {
  observe: () => {},
  every: () => {},
  load: () => ({ waiting: 0, kvUsage: 0 }),
  cachedTokens: () => 0,
};
