import type { Engine } from './engine/engine.js';
import type { Discovery } from './upkeep/discovery.js';
import type { Membership } from './upkeep/membership.js';

interface Parts {
  readonly engine: Engine;
  readonly membership: Membership;
  readonly discovery: Discovery | undefined;
}

/**
 * Stops admission, waits for streams, then closes every socket and timer.
 *
 * @param drain longest wait in ms
 */
export async function closeBalancer({ engine, membership, discovery }: Parts, drain: number): Promise<void> {
  engine.closed = true;
  engine.admission.close();
  engine.readiness.close();
  membership.stop();
  const stopped = discovery?.stop();
  if (drain > 0) await engine.whenQuiet(drain);
  for (const request of engine.running.all()) request.cancel('shutdown');
  await Promise.all([membership.close(), stopped]);
}
