import type { Pool, util } from 'undici';

/** What we use of undici. */
export interface UndiciParts {
  readonly Pool: typeof Pool;
  readonly parseHeaders: typeof util.parseHeaders;
}

/**
 * undici's Pool, loaded when the first endpoint is known and not with the package.
 *
 * By its own file, since all of undici takes three times as long to load and also puts its agent in the place of the
 * one behind Node's global `fetch`, which is the application's affair. undici 7 has no list of exported paths; should
 * a later 7.x move the files, the whole package has the same parts.
 */
export async function loadUndici(): Promise<UndiciParts> {
  try {
    const [pool, util] = await Promise.all([
      import('undici/lib/dispatcher/pool.js'),
      import('undici/lib/core/util.js'),
    ]);
    return { Pool: pool.default, parseHeaders: util.default.parseHeaders };
  } catch {
    const { Pool, util } = await import('undici');
    return { Pool, parseHeaders: util.parseHeaders };
  }
}
