import { type Rounds, takeTurns } from './comparison.js';
import { type Load, load } from './load.js';
import { startProxies } from './proxies.js';
import type { Bench } from './section.js';

/** Proxies under the same load, in turns. */
export async function measureProxies(
  bench: Bench,
  kinds: readonly string[],
  { urls, ...work }: Pick<Load, 'body' | 'expected' | 'connections'> & { readonly urls: readonly string[] },
): Promise<{ readonly rounds: Rounds; readonly skipped: readonly string[] }> {
  await using proxies = await startProxies(bench, kinds, urls);
  const { running, skipped } = proxies;
  const { turn: duration, requests: wanted } = bench.options;
  const rounds = await takeTurns([...running.keys()], bench.options, async (kind) => {
    const proxy = running.get(kind);
    if (proxy === undefined) throw new Error(`No such proxy: ${kind}`);
    const before = await proxy.cpu();
    const { requests, ...figures } = await load({ ...proxy, ...work, duration, requests: wanted });
    return { ...figures, cpu: ((await proxy.cpu()) - before) / requests };
  });
  return { rounds, skipped };
}
