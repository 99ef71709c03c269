import type { Pool } from 'undici';

/**
 * undici's Pool, loaded when the first endpoint is known and not with the package.
 *
 * By its own file, since all of undici takes three times as long to load and also puts its agent in the place of the
 * one behind Node's global `fetch`, which is the application's affair. undici 7 has no list of exported paths; should
 * a later 7.x move the file, the whole package has the same class.
 */
export async function loadPool(): Promise<typeof Pool> {
  try {
    return (await import('undici/lib/dispatcher/pool.js')).default;
  } catch {
    return (await import('undici')).Pool;
  }
}
