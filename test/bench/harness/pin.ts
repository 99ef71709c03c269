import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The load and the servers have one core, what is measured has another. */
export const LOAD_CORE = 0;
export const MEASURED_CORE = 1;

/**
 * Keeps a process, its helper threads included, on one core, so that what is measured does not share its core with
 * what loads it. Linux only (`taskset`, of util-linux).
 *
 * @returns false where that cannot be done
 */
export function pin(pid: number, core: number): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
