import type { PodReading } from '../../core/scaling.js';
import type { ColdStart } from './autoscaling-options.js';

/** One replica of a fleet that is scaled, from the asking for it to its end. */
export interface SimulatedPod {
  readonly id: string;
  readonly askedAt: number;
  /** `pool`: loaded or loading, and kept from the balancers. `leaving`: finishes its streams. */
  role: 'serving' | 'pool' | 'leaving' | 'ended';
  /** When its model was loaded. */
  readyAt: number | undefined;
  endedAt: number | undefined;
  /** How much of the time it worked, as measured last. */
  reading: PodReading | undefined;
  /** What it had worked by then, in ms. */
  busy: number;
}

export function newPod(
  id: string,
  askedAt: number,
  { role, readyAt }: { readonly role: 'serving' | 'pool'; readonly readyAt?: number },
): SimulatedPod {
  return { id, askedAt, role, readyAt, endedAt: undefined, reading: undefined, busy: 0 };
}

/** The busy share of the window that ends now. */
export function podReading(
  pod: SimulatedPod,
  busy: number,
  { now, window }: { readonly now: number; readonly window: number },
): PodReading {
  const value = Math.min(1, (busy - pod.busy) / window);
  pod.busy = busy;
  return { value, observedAt: now, window };
}

export function startTime({ schedule, pull, load }: Required<ColdStart>): number {
  return schedule + pull + load;
}
