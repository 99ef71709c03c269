import { describe, expect, it } from 'vitest';
import type { InferenceRequest } from '../../../src/core/inference-request.js';
import type { NeutralReason, Outcome } from '../../../src/core/outcome.js';
import type { RetrySituation } from '../../../src/core/retry.js';
import { defaultRetry, RETRY_DEFAULTS } from '../../../src/retries/default-retry.js';

const request: InferenceRequest = {
  method: 'POST',
  path: '/v1/chat/completions',
  model: undefined,
  streaming: true,
  promptTokens: 0,
  maxTokens: undefined,
  affinityKey: undefined,
  clientAddress: undefined,
  priority: 0,
  attempt: 1,
  tried: [],
  headers: {},
  policyData: undefined,
};

function decide(outcome: Outcome, situation: Partial<RetrySituation> = {}, options = RETRY_DEFAULTS) {
  const policy = defaultRetry(options, () => 0.5);
  return policy.decide({ request, outcome, attempts: 1, untried: 2, soonest: undefined, ...situation });
}

const overloaded: Outcome = { kind: 'overloaded', status: 429, retryAfter: 2_000 };
const refused: Outcome = {
  kind: 'fault',
  reason: 'connect',
  status: undefined,
  sent: false,
  error: undefined,
};
const reset: Outcome = { kind: 'fault', reason: 'reset', status: undefined, sent: true, error: undefined };
const failed: Outcome = { kind: 'fault', reason: 'status', status: 500, sent: true, error: undefined };
const neutral = (reason: NeutralReason): Outcome => ({ kind: 'neutral', reason });

describe('the default retry policy', () => {
  it('goes elsewhere at once after overload', () => {
    expect(decide(overloaded)).toEqual({ retry: true, delay: 0, cost: 1 });
    expect(decide(overloaded, { soonest: 1_234 })).toEqual({ retry: true, delay: 0, cost: 1 });
  });

  it('waits exactly until an endpoint has cooled off when none is untried', () => {
    expect(decide(overloaded, { untried: 0, soonest: 1_234 })).toEqual({
      retry: true,
      delay: 1_234,
      cost: 1,
    });
  });

  it('backs off when the endpoints that are left can be used at once', () => {
    expect(decide(overloaded, { untried: 0 })).toEqual({ retry: true, delay: 25, cost: 1 });
  });

  it('gives the answer back when the wait is too long', () => {
    expect(decide(overloaded, { untried: 0, soonest: 10_000 })).toMatchObject({ retry: true, delay: 10_000 });
    expect(decide(overloaded, { untried: 0, soonest: 10_001 })).toEqual({
      retry: false,
      reason: 'no-endpoint',
    });
  });

  it('leaves an endpoint that was never reached at once and for nothing', () => {
    expect(decide(refused)).toEqual({ retry: true, delay: 0, cost: 0 });
    expect(decide(refused, { attempts: 2 })).toEqual({ retry: true, delay: 0, cost: 0 });
    const unanswered: Outcome = { ...refused, reason: 'timeout-connect' };
    expect(decide(unanswered)).toEqual({ retry: true, delay: 0, cost: 0 });
  });

  it('leaves an endpoint that broke the connection for nothing once: the request may be what it died of', () => {
    expect(decide(reset)).toEqual({ retry: true, delay: 0, cost: 0 });
    expect(decide(reset, { attempts: 2 })).toEqual({ retry: true, delay: 50, cost: 1 });
  });

  it('pays for a lost connection when no healthy endpoint is untried', () => {
    expect(decide(refused, { untried: 0 })).toEqual({ retry: true, delay: 25, cost: 1 });
    expect(decide(reset, { untried: 0 })).toEqual({ retry: true, delay: 25, cost: 1 });
  });

  it('backs off after a fault', () => {
    expect(decide(failed)).toEqual({ retry: true, delay: 25, cost: 1 });
    expect(decide(failed, { attempts: 2 })).toEqual({ retry: true, delay: 50, cost: 1 });
  });

  it('stops after the attempts allowed', () => {
    const stop = { retry: false, reason: 'attempts-exhausted' };
    for (const outcome of [overloaded, refused, failed, neutral('retryable-status')]) {
      expect(decide(outcome, { attempts: 3 })).toEqual(stop);
      expect(decide(outcome, { attempts: 1 }, { ...RETRY_DEFAULTS, attempts: 1 })).toEqual(stop);
    }
  });

  it('case 41: repeats a stale connection once for nothing, beyond the attempts allowed', () => {
    const stale = neutral('stale-connection');
    expect(decide(stale)).toEqual({ retry: true, delay: 0, cost: 0 });
    expect(decide(stale, {}, { ...RETRY_DEFAULTS, attempts: 1 })).toMatchObject({ retry: true });
    expect(decide(stale, { attempts: 2 })).toEqual({ retry: true, delay: 0, cost: 0.5 });
    expect(decide(stale, { attempts: 2, untried: 0 })).toEqual({ retry: true, delay: 50, cost: 0.5 });
    expect(decide(stale, { attempts: 3 })).toEqual({ retry: false, reason: 'attempts-exhausted' });
  });

  it('retries 408 and 425 after a backoff', () => {
    expect(decide(neutral('retryable-status'))).toEqual({ retry: true, delay: 25, cost: 1 });
  });

  it.each<Outcome>([
    { kind: 'success' },
    { kind: 'rejected', status: 400 },
    neutral('caller-left'),
    neutral('abandoned'),
    neutral('deadline'),
    neutral('shutdown'),
  ])('never retries $kind $reason', (outcome) => {
    expect(decide(outcome)).toEqual({ retry: false, reason: 'not-retryable' });
  });
});
