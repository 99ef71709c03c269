import type { Clock } from '../../core/clock.js';

/** Resolves after `delay` ms, or at once when the signal is given. */
export function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.close();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(end, Math.ceil(delay));
    // A balancer that was never closed must not keep the process alive.
    timer.unref?.();
    signal.addEventListener('abort', end);
  });
}
