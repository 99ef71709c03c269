import { numberOption, optionFields } from '../../core/option-checks.js';
import type { Timeouts } from '../../core/timeouts.js';

export const DEFAULT_TIMEOUTS: Timeouts = {
  connect: 10_000,
  firstToken: 120_000,
  response: 600_000,
  idle: 60_000,
  unread: 300_000,
  total: Number.POSITIVE_INFINITY,
};

/** Clocks, each above 0; `Infinity` switches one off. */
export function resolveTimeouts(option: string, value: unknown, fallback: Timeouts): Timeouts {
  const given = optionFields(option, value, Object.keys(fallback));
  const rule = { above: 0, infinite: true };
  const clock = (name: keyof Timeouts) =>
    numberOption(`${option}.${name}`, given[name], fallback[name], rule);
  return {
    connect: clock('connect'),
    firstToken: clock('firstToken'),
    response: clock('response'),
    idle: clock('idle'),
    unread: clock('unread'),
    total: clock('total'),
  };
}

/** Longest time in which a request must have begun to be answered; an hour where no clock limits it. */
export function longestWait({ connect, firstToken, response }: Timeouts): number {
  return Math.min(connect + Math.max(firstToken, response), 3_600_000);
}
