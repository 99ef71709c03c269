/**
 * Chooses the replicas from a table by how many requests wait.
 *
 * The last row that the depth reaches counts: below 5 two replicas, from 5 on four, above 20 eight, above 50 ten.
 * So 4 calls for 2, 5 and 20 for 4, 21 and 50 for 8, and 51 for 10. A row begins `from` a depth, which is part of
 * it, or `above` one, which is not.
 *
 * Needs endpoints with `maxOutstanding`: without a limit nothing ever waits. On its own it lets go of replicas as
 * soon as they have emptied the queue, and asks for them again: wrap it in `stabilized`, and in `maxOf` with
 * `horizontal` on `outstanding`, so that replicas that are busy are kept.
 */
import { numberOption, optionFields } from '../core/option-checks.js';
import type { ScalingPolicy, ScalingSituation } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';

/** A row of the table. Depths are numbers >= 0, replicas integers >= 0. */
export type QueueDepthTier =
  | { readonly from: number; readonly replicas: number }
  | { readonly above: number; readonly replicas: number };

/** Options of `queueDepthTiers`. */
export interface QueueDepthTiersOptions {
  /** In ascending order, the first from 0. Default: 2, from 5 on 4, above 20 8, above 50 10. */
  readonly tiers?: readonly QueueDepthTier[];
  /** What counts as waiting: the queue of one model, say. Default: every request that waits. */
  readonly depth?: (situation: ScalingSituation) => number | undefined;
}

const DEFAULT_TIERS: readonly QueueDepthTier[] = [
  { from: 0, replicas: 2 },
  { from: 5, replicas: 4 },
  { above: 20, replicas: 8 },
  { above: 50, replicas: 10 },
];

/**
 * Replicas by queue depth. No opinion while the depth is not known.
 *
 * @throws InvalidOptionError
 */
export function queueDepthTiers(options?: QueueDepthTiersOptions): ScalingPolicy {
  const fields = optionFields('queueDepthTiers', options, ['tiers', 'depth']);
  const { depth = ({ balancer }: ScalingSituation) => balancer.queued } = fields as QueueDepthTiersOptions;
  if (typeof depth !== 'function')
    throw new InvalidOptionError('queueDepthTiers.depth', 'must be a function', depth);
  const rows = resolveTiers(fields.tiers ?? DEFAULT_TIERS);
  return {
    name: 'queue-depth-tiers',
    decide(situation) {
      const waiting = depth(situation);
      // NaN reaches no row, not even the first.
      const row = waiting === undefined ? undefined : rows.findLast((one) => reaches(waiting, one));
      if (row === undefined) return undefined;
      const beginning = row.included ? 'at least' : 'above';
      return { replicas: row.replicas, reason: `queue depth ${waiting} is ${beginning} ${row.depth}` };
    },
  };
}

/** A row whose beginning is told in one way. */
interface Row {
  readonly depth: number;
  readonly included: boolean;
  readonly replicas: number;
}

function reaches(waiting: number, { depth, included }: Row): boolean {
  return included ? waiting >= depth : waiting > depth;
}

function resolveTiers(given: unknown): readonly Row[] {
  const option = 'queueDepthTiers.tiers';
  if (!Array.isArray(given) || given.length === 0)
    throw new InvalidOptionError(option, 'must list at least one tier', given);
  const rows = given.map((entry: unknown, index) => resolveTier(`${option}[${index}]`, entry));
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    const follows = before === undefined ? row.included && row.depth === 0 : isAfter(row, before);
    if (follows) continue;
    const rule = before === undefined ? 'must be from 0' : 'must begin above the one before it';
    throw new InvalidOptionError(`${option}[${index}]`, rule, given[index]);
  }
  return rows;
}

function isAfter(row: Row, before: Row): boolean {
  return row.depth > before.depth || (row.depth === before.depth && before.included && !row.included);
}

function resolveTier(option: string, entry: unknown): Row {
  const { from, above, replicas = null } = optionFields(option, entry, ['from', 'above', 'replicas']);
  const included = from !== undefined;
  if (included === (above !== undefined))
    throw new InvalidOptionError(option, 'must have `from` or `above`, and not both', entry);
  return {
    depth: numberOption(`${option}.${included ? 'from' : 'above'}`, included ? from : above, 0, { min: 0 }),
    included,
    replicas: numberOption(`${option}.replicas`, replicas, 0, { integer: true, min: 0 }),
  };
}
