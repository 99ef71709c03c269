import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SelectionPolicy } from '../core/policy.js';
import { adaptive } from '../policies/adaptive.js';
import { leastOutstanding } from '../policies/least-outstanding.js';
import { peakEwma } from '../policies/peak-ewma.js';
import { powerOfTwo } from '../policies/power-of-two.js';
import { roundRobin } from '../policies/round-robin.js';
import { scored } from '../policies/scored.js';
import { weightedRandom } from '../policies/weighted-random.js';
import type { Contestant } from '../simulation/compare.js';
import { UsageError } from './usage-error.js';

/** The policies that need no options. */
export const POLICIES: Readonly<Record<string, () => SelectionPolicy>> = {
  'round-robin': roundRobin,
  'weighted-random': weightedRandom,
  'power-of-two': powerOfTwo,
  'least-outstanding': leastOutstanding,
  'peak-ewma': peakEwma,
  scored,
  adaptive,
};

/** What `--policies` stands for when it is left out. */
export const DEFAULT_POLICIES = [...Object.keys(POLICIES), 'least-outstanding@capacity'].join(',');

/**
 * Finds policies by name, or by file: `least-outstanding,peak-ewma@equal,./mine.js`.
 *
 * @throws UsageError
 */
export async function policiesNamed(list: string): Promise<Readonly<Record<string, Contestant>>> {
  const found: Record<string, Contestant> = {};
  for (const part of list.split(',').map((one) => one.trim())) {
    const [name = '', weights, ...rest] = part.split('@');
    if (rest.length > 0 || (weights !== undefined && weights !== 'capacity' && weights !== 'equal'))
      throw new UsageError(`--policies: "${part}": after @ comes capacity or equal`);
    const policy = /[./\\]/.test(name) ? await policyIn(name) : POLICIES[name];
    if (policy === undefined)
      throw new UsageError(
        `--policies: "${name}" is none of ${Object.keys(POLICIES).join(', ')}, nor a file`,
      );
    found[part] = weights === undefined ? () => policy() : { policy: () => policy(), weights };
  }
  return found;
}

async function policyIn(file: string): Promise<() => SelectionPolicy> {
  const module: { readonly default?: unknown } = await import(pathToFileURL(resolve(file)).href);
  const make = module.default;
  if (typeof make !== 'function')
    throw new UsageError(`--policies: ${file} has no default export that makes a policy`);
  return () => make() as SelectionPolicy;
}
