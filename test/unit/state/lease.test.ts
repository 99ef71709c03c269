import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.js';
import { Lease } from '../../../src/state/lease.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { ALONE, endpointState } from '../../support/endpoint-rig.js';

const SUCCESS: Outcome = { kind: 'success' };
const REJECTED: Outcome = { kind: 'rejected', status: 400 };
const OVERLOADED: Outcome = { kind: 'overloaded', status: 429, retryAfter: 500 };
const FAULT: Outcome = { kind: 'fault', reason: 'reset', status: undefined, sent: true, error: undefined };
const NEUTRAL: Outcome = { kind: 'neutral', reason: 'caller-left' };

function leased() {
  const endpoint = endpointState('a');
  return { endpoint, lease: new Lease(endpoint, ALONE) };
}

describe('Lease', () => {
  it('counts its request from the moment it is made until it is settled', () => {
    const { endpoint, lease } = leased();
    expect(endpoint.outstanding).toBe(1);
    lease.answering();
    expect(endpoint.outstanding).toBe(1);
    expect(lease.settle(SUCCESS)).toBe(true);
    expect(endpoint.outstanding).toBe(0);
  });

  it('counts the prompt until the first token, from which the prefill rate is learnt', () => {
    const clock = manualClock();
    const endpoint = endpointState('a', {}, clock);
    const [first, second] = [1_000, 2_000].map((tokens) => new Lease(endpoint, ALONE, tokens));
    expect(endpoint.pendingPrompt).toBe(3_000);
    clock.advance(500);
    first?.answering(500);
    expect([endpoint.pendingPrompt, endpoint.prefillRate]).toEqual([2_000, 2_000]);
    first?.settle(SUCCESS);
    expect(endpoint.pendingPrompt).toBe(2_000);
    clock.advance(1_000);
    second?.answering(1_500);
    expect(endpoint.pendingPrompt).toBe(0);
    expect(endpoint.prefillRate).toBeCloseTo(2_000, 6);
  });

  it.each([SUCCESS, REJECTED, OVERLOADED, FAULT, NEUTRAL])(
    'counts the prompt no longer once it is settled without an answer: $kind',
    (outcome) => {
      const endpoint = endpointState('a');
      const lease = new Lease(endpoint, ALONE, 1_000);
      lease.settle(outcome);
      lease.settle(outcome);
      lease.answering(10);
      expect([endpoint.pendingPrompt, endpoint.prefillRate]).toEqual([0, undefined]);
    },
  );

  it('learns no rate from an answer that does not stream', () => {
    const clock = manualClock();
    const endpoint = endpointState('a', {}, clock);
    const lease = new Lease(endpoint, ALONE, 1_000);
    clock.advance(500);
    lease.answering();
    expect([endpoint.pendingPrompt, endpoint.prefillRate]).toEqual([0, undefined]);
  });

  it.each([SUCCESS, REJECTED, OVERLOADED, FAULT, NEUTRAL])('is settled once: $kind first', (outcome) => {
    const { endpoint, lease } = leased();
    lease.settle(outcome);
    const reports = [...endpoint.breaker.reports];
    const cooling = endpoint.coolingOff;
    for (const later of [FAULT, OVERLOADED, SUCCESS]) expect(lease.settle(later)).toBe(false);
    lease.answering();
    expect(endpoint.outstanding).toBe(0);
    expect(endpoint.breaker.reports).toEqual(reports);
    expect(endpoint.coolingOff).toBe(cooling);
  });

  it.each<[Outcome, string, string[]]>([
    [SUCCESS, 'success', []],
    [REJECTED, 'success', []],
    [OVERLOADED, 'overloaded', []],
    [FAULT, 'fault', ['late fault']],
    [NEUTRAL, 'none', []],
  ])('tells the breaker what $kind means, before and after the first content', (outcome, early, late) => {
    const before = leased();
    before.lease.settle(outcome);
    expect(before.endpoint.breaker.reports).toEqual([early]);

    const after = leased();
    after.lease.answering();
    after.lease.answering();
    expect(after.endpoint.breaker.reports).toEqual(['success']);
    after.lease.settle(outcome);
    expect(after.endpoint.breaker.reports).toEqual(['success', ...late]);
  });

  it('makes only overload cool the endpoint off', () => {
    for (const outcome of [SUCCESS, REJECTED, FAULT, NEUTRAL]) {
      const { endpoint, lease } = leased();
      lease.settle(outcome);
      expect(endpoint.coolingOff).toBe(false);
    }
    const { endpoint, lease } = leased();
    lease.settle(OVERLOADED);
    expect(endpoint.cooldown.remaining(0)).toBe(500);
  });

  it.each<[Outcome, number]>([
    [SUCCESS, 500],
    [REJECTED, 500],
    [FAULT, 1_000],
    [NEUTRAL, 1_000],
  ])('lets the next cool-off begin short again, or not, after $kind', (outcome, wait) => {
    const clock = manualClock();
    const endpoint = endpointState('a', {}, clock);
    const settle = (one: Outcome) => new Lease(endpoint, ALONE).settle(one);
    const overload: Outcome = { kind: 'overloaded', status: 429, retryAfter: undefined };
    settle(overload);
    expect(endpoint.cooldown.remaining(clock.now())).toBe(500);
    clock.advance(500);
    settle(outcome);
    settle(overload);
    expect(endpoint.cooldown.remaining(clock.now())).toBe(wait);
  });

  it('cools off all endpoints of a quota group, and lets the breaker of its own alone know', () => {
    const [own, sibling, stranger] = ['a', 'b', 'c'].map((id) => endpointState(id)) as [
      ReturnType<typeof endpointState>,
      ReturnType<typeof endpointState>,
      ReturnType<typeof endpointState>,
    ];
    new Lease(own, { quotaGroup: () => [own, sibling] }).settle(OVERLOADED);
    expect([own, sibling, stranger].map((endpoint) => endpoint.coolingOff)).toEqual([true, true, false]);
    expect(sibling.breaker.reports).toEqual([]);
    expect(sibling.outstanding).toBe(0);
  });

  it('wakes whoever waits for the endpoint to be idle, with the last lease', async () => {
    const endpoint = endpointState('a');
    const leases = [1, 2].map(() => new Lease(endpoint, ALONE));
    let idle = false;
    const waiting = endpoint.whenIdle().then(() => {
      idle = true;
    });
    leases[0]?.settle(SUCCESS);
    await Promise.resolve();
    expect(idle).toBe(false);
    leases[1]?.settle(FAULT);
    await waiting;
    expect(idle).toBe(true);
    await endpoint.whenIdle();
  });
});
