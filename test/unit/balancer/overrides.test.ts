import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../../../src/balancer/options/timeouts-option.js';
import { applyOverrides } from '../../../src/balancer/request/overrides.js';
import type { RequestOverrides } from '../../../src/core/exchange.js';

const apply = (overrides: unknown) => applyOverrides(overrides as RequestOverrides, DEFAULT_TIMEOUTS);

describe('applyOverrides', () => {
  it('leaves the balancer’s clocks where a request has no wish', () => {
    expect(apply(undefined)).toBe(DEFAULT_TIMEOUTS);
    expect(apply({})).toEqual(DEFAULT_TIMEOUTS);
    expect(
      apply({ priority: -2.5, affinityKey: '', endpoints: [], bufferBody: false, policyData: null }),
    ).toEqual(DEFAULT_TIMEOUTS);
  });

  it('replaces the clocks a request names, and no other', () => {
    const timeouts = { firstToken: 1, total: 500, idle: Number.POSITIVE_INFINITY };
    expect(apply({ timeouts })).toEqual({ ...DEFAULT_TIMEOUTS, ...timeouts });
  });

  it.each<[unknown, string]>([
    ['fast', 'evenkeel'],
    [[], 'evenkeel'],
    [{ prority: 1 }, 'evenkeel.prority'],
    [{ priority: 'high' }, 'evenkeel.priority'],
    [{ priority: Number.NaN }, 'evenkeel.priority'],
    [{ priority: Number.POSITIVE_INFINITY }, 'evenkeel.priority'],
    [{ affinityKey: 5 }, 'evenkeel.affinityKey'],
    [{ endpoints: 'a' }, 'evenkeel.endpoints'],
    [{ endpoints: [1] }, 'evenkeel.endpoints'],
    [{ bufferBody: 'no' }, 'evenkeel.bufferBody'],
    [{ timeouts: 5 }, 'evenkeel.timeouts'],
    [{ timeouts: { connect: 5 } }, 'evenkeel.timeouts.connect'],
    [{ timeouts: { idle: 0 } }, 'evenkeel.timeouts.idle'],
    [{ timeouts: { total: -1 } }, 'evenkeel.timeouts.total'],
    [{ timeouts: { firstToken: '5' } }, 'evenkeel.timeouts.firstToken'],
  ])('refuses %j at %s', (overrides, option) => {
    expect(() => apply(overrides)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }));
  });
});
