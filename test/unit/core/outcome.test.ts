import { describe, expect, it } from 'vitest';
import { OUTCOME_RULES, type Outcome, outcomeReason } from '../../../src/core/outcome.js';

describe('OUTCOME_RULES', () => {
  it.each<[keyof typeof OUTCOME_RULES, boolean, string, string]>([
    ['success', true, 'success', 'never'],
    ['rejected', false, 'success', 'never'],
    ['overloaded', false, 'none', 'elsewhere'],
    ['fault', false, 'fault', 'if-uncommitted'],
    ['neutral', false, 'none', 'never'],
  ])('%s: latency counts: %s; breaker: %s; retry: %s', (kind, latency, breaker, retry) => {
    expect(OUTCOME_RULES[kind]).toMatchObject({ latency, breaker, retry });
  });

  it('knows these kinds and no other', () => {
    expect(Object.keys(OUTCOME_RULES)).toEqual(['success', 'rejected', 'overloaded', 'fault', 'neutral']);
  });
});

describe('outcomeReason', () => {
  it.each<[Outcome, string]>([
    [{ kind: 'success' }, 'success'],
    [{ kind: 'rejected', status: 400 }, 'rejected'],
    [{ kind: 'overloaded', status: 429, retryAfter: 1 }, 'overloaded'],
    [{ kind: 'fault', reason: 'stall', status: 200, sent: true, error: undefined }, 'stall'],
    [{ kind: 'neutral', reason: 'deadline' }, 'deadline'],
  ])('of $kind is %s', (outcome, reason) => {
    expect(outcomeReason(outcome)).toBe(reason);
  });
});
