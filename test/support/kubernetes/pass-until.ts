import type { ManualClock } from '../../../src/testing/index.js';

/** Lets time pass only while somebody waits for it, so that what the network takes does not count. */
export async function passUntil(clock: ManualClock, holds: () => boolean): Promise<void> {
  while (!holds()) await clock.advanceAsync(clock.pending > 0 ? 10 : 0);
}
