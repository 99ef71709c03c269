import type { RequestOverrides } from '../../core/exchange.js';
import { booleanOption, numberOption, optionFields } from '../../core/option-checks.js';
import type { Timeouts } from '../../core/timeouts.js';
import { InvalidOptionError } from '../../errors.js';

const KEYS: readonly (keyof RequestOverrides)[] = [
  'priority',
  'affinityKey',
  'endpoints',
  'timeouts',
  'bufferBody',
  'serverTiming',
  'policyData',
];
const CLOCKS = ['firstToken', 'response', 'idle', 'total'] as const;

/**
 * Checks a request's own wishes.
 *
 * @returns the clocks that hold for it
 * @throws InvalidOptionError, as in `evenkeel.priority`
 */
export function applyOverrides(overrides: RequestOverrides | undefined, timeouts: Timeouts): Timeouts {
  if (overrides === undefined) return timeouts;
  const given = optionFields('evenkeel', overrides, KEYS);
  numberOption('evenkeel.priority', given.priority, 0, {});
  booleanOption('evenkeel.bufferBody', given.bufferBody, true);
  booleanOption('evenkeel.serverTiming', given.serverTiming, false);
  if (given.affinityKey !== undefined && typeof given.affinityKey !== 'string') {
    throw new InvalidOptionError('evenkeel.affinityKey', 'must be a string', given.affinityKey);
  }
  const { endpoints } = given;
  if (
    endpoints !== undefined &&
    !(Array.isArray(endpoints) && endpoints.every((id) => typeof id === 'string'))
  ) {
    throw new InvalidOptionError('evenkeel.endpoints', 'must be a list of endpoint ids', endpoints);
  }
  if (given.timeouts === undefined) return timeouts;
  const own = optionFields('evenkeel.timeouts', given.timeouts, CLOCKS);
  const applied: Record<keyof Timeouts, number> = { ...timeouts };
  for (const name of CLOCKS) {
    applied[name] = numberOption(`evenkeel.timeouts.${name}`, own[name], timeouts[name], {
      above: 0,
      infinite: true,
    });
  }
  return applied;
}
