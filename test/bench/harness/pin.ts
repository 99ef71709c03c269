import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Before anything is pinned: a process that is on one core sees only that one, and so do those it starts. */
export const CORES = availableParallelism();
/** The load and the servers have one core, what is measured has another. */
export const LOAD_CORE = 0;
export const MEASURED_CORE = 1;
const ALL_CORES = `0-${CORES - 1}`;

/**
 * Keeps a process, its helper threads included, on one core, so that what is measured does not share its core with
 * what loads it. Linux only (`taskset`, of util-linux).
 *
 * @returns false where that cannot be done
 */
export function pin(pid: number, core: number | string): boolean {
  if (CORES < 2) return false;
  try {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts processes that may use every core, and so may those that they start. */
export async function onAllCores<T>(start: () => Promise<T>): Promise<T> {
  pin(process.pid, ALL_CORES);
  try {
    return await start();
  } finally {
    pin(process.pid, LOAD_CORE);
  }
}
