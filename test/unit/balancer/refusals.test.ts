import { describe, expect, it } from 'vitest';
import { type Refusal, type RefusalCode, refusalReply } from '../../../src/balancer/engine/refusal.js';
import { judgeAnswer } from '../../../src/balancer/judge-status.js';
import { failureRefusal, placelessRefusal } from '../../../src/balancer/request/refusal-reasons.js';
import type { FaultReason, NeutralReason, Outcome } from '../../../src/core/outcome.js';

function read(refusal: Refusal) {
  const { status, headers, body } = refusalReply(refusal);
  const named = new Map<string, string>();
  for (let index = 0; index < headers.length; index += 2)
    named.set(headers[index] ?? '', headers[index + 1] ?? '');
  const bytes = Buffer.from(body.complete ?? []);
  return {
    status,
    headers: Object.fromEntries(named),
    bytes,
    error: JSON.parse(bytes.toString()).error,
    body,
  };
}

describe('refusalReply', () => {
  it.each<[RefusalCode, number, string]>([
    ['no_endpoint', 503, 'server_error'],
    ['queue_full', 503, 'server_error'],
    ['queue_timeout', 503, 'server_error'],
    ['all_cooling_off', 503, 'server_error'],
    ['balancer_closed', 503, 'server_error'],
    ['connection_failed', 502, 'server_error'],
    ['stream_failed', 502, 'server_error'],
    ['timeout', 504, 'server_error'],
    ['model_not_found', 404, 'invalid_request_error'],
    ['body_too_large', 413, 'invalid_request_error'],
    ['invalid_json', 400, 'invalid_request_error'],
    ['invalid_request', 400, 'invalid_request_error'],
  ])('answers %s with %i, shaped as OpenAI does, and keeps SDKs from trying again', (code, status, type) => {
    const answer = read({ code, message: 'é' });
    expect(answer.status).toBe(status);
    expect(answer.error).toEqual({ message: 'é', type, param: null, code });
    expect(answer.headers).toEqual({
      'content-type': 'application/json',
      'content-length': String(answer.bytes.byteLength),
      'x-should-retry': 'false',
      'x-evenkeel-endpoint': 'none',
      'x-evenkeel-attempts': '0',
    });
  });

  it('says when to ask again, in seconds rounded up and in milliseconds', () => {
    expect(read({ code: 'queue_full', message: '', retryAfter: 1_200.4 }).headers).toMatchObject({
      'retry-after': '2',
      'retry-after-ms': '1201',
    });
  });

  it('names the endpoint tried last, the attempts, and the retry that was denied', () => {
    const answer = read({
      code: 'connection_failed',
      message: '',
      endpoint: 'a',
      attempts: 3,
      retryDenied: 'budget',
    });
    expect(answer.headers).toMatchObject({ 'x-evenkeel-endpoint': 'a', 'x-evenkeel-attempts': '3' });
    expect(answer.error.retry_denied).toBe('budget');
  });

  it('pipes its body whole', () => {
    const { body, bytes } = read({ code: 'timeout', message: 'late' });
    const got: unknown[] = [];
    body.pipe({
      write: (chunk) => got.push(Buffer.from(chunk)) > 0,
      end: () => got.push('end'),
      fail: (error) => got.push(error),
    });
    body.resume();
    body.cancel();
    expect(got).toEqual([bytes, 'end']);
  });
});

describe('placelessRefusal', () => {
  const refuse = (reason: Parameters<typeof placelessRefusal>[0]) =>
    placelessRefusal(reason, 'llama "3"', { maxQueued: 7, maxWait: 30 });

  it.each<[Parameters<typeof placelessRefusal>[0], Partial<Refusal>]>([
    ['queue-full', { code: 'queue_full', retryAfter: 1_000 }],
    [{ kind: 'full' }, { code: 'queue_full', retryAfter: 1_000 }],
    ['max-wait', { code: 'queue_timeout', retryAfter: 1_000 }],
    ['closed', { code: 'balancer_closed' }],
    [
      { kind: 'cooling-off', soonest: 250 },
      { code: 'all_cooling_off', retryAfter: 250 },
    ],
    [
      { kind: 'open', soonest: 900 },
      { code: 'no_endpoint', retryAfter: 900 },
    ],
    [
      { kind: 'open', soonest: undefined },
      { code: 'no_endpoint', retryAfter: undefined },
    ],
    [{ kind: 'unknown-model' }, { code: 'model_not_found' }],
    [{ kind: 'none' }, { code: 'no_endpoint' }],
  ])('%j', (reason, refusal) => {
    expect(refuse(reason)).toMatchObject(refusal);
  });

  it('names the option that governs it', () => {
    expect(refuse('queue-full').message).toMatch(/ 7 .*admission\.maxQueued/);
    expect(refuse('max-wait').message).toMatch(/30 ms.*admission\.maxWait/);
    expect(refuse({ kind: 'open', soonest: 1 }).message).toContain('breaker.failOpen');
    expect(refuse({ kind: 'unknown-model' }).message).toContain('"llama \\"3\\""');
  });
});

describe('failureRefusal', () => {
  const fault = (reason: FaultReason): Outcome => ({
    kind: 'fault',
    reason,
    status: undefined,
    sent: true,
    error: undefined,
  });
  const neutral = (reason: NeutralReason): Outcome => ({ kind: 'neutral', reason });

  it.each<[Outcome, RefusalCode]>([
    [fault('connect'), 'connection_failed'],
    [fault('reset'), 'connection_failed'],
    [neutral('stale-connection'), 'connection_failed'],
    [fault('timeout-connect'), 'timeout'],
    [fault('timeout-first-token'), 'timeout'],
    [fault('timeout-response'), 'timeout'],
    [fault('stall'), 'timeout'],
    [fault('truncated'), 'stream_failed'],
    [fault('malformed'), 'stream_failed'],
    [fault('protocol'), 'stream_failed'],
    [fault('error-event'), 'stream_failed'],
    [{ kind: 'rejected', status: 400 }, 'invalid_request'],
  ])('$kind $reason becomes %s', (outcome, code) => {
    const refusal = failureRefusal(outcome, 'gpu-1', undefined);
    expect(refusal.code).toBe(code);
    if (outcome.kind !== 'rejected') expect(refusal.message).toMatch(/^Endpoint gpu-1 (?!failed)/);
  });

  it('names the clock that ran out', () => {
    expect(failureRefusal(fault('timeout-connect'), 'a', undefined).message).toContain('timeouts.connect');
    expect(failureRefusal(fault('timeout-first-token'), 'a', undefined).message).toContain(
      'timeouts.firstToken',
    );
    expect(failureRefusal(fault('timeout-response'), 'a', undefined).message).toContain('timeouts.response');
    expect(failureRefusal(fault('stall'), 'a', undefined).message).toContain('timeouts.idle');
  });

  it('says which retry was denied, but for those that could not have helped', () => {
    expect(failureRefusal(fault('reset'), 'a', 'budget').retryDenied).toBe('budget');
    expect(failureRefusal(fault('reset'), 'a', 'not-retryable').retryDenied).toBeUndefined();
  });
});

describe('judgeAnswer', () => {
  const judge = (status: number, headers = {}, endpoint = { busyStreak: 0 }) =>
    judgeAnswer(endpoint, status, headers, 0);

  it.each([200, 201, 204, 301, 304])('takes %i for success', (status) => {
    expect(judge(status)).toEqual({ kind: 'success' });
  });

  it.each([400, 401, 403, 404, 409, 413, 422, 499])('takes %i for the caller’s doing', (status) => {
    expect(judge(status)).toEqual({ kind: 'rejected', status });
  });

  it.each([408, 425])('takes %i for nobody’s', (status) => {
    expect(judge(status)).toEqual({ kind: 'neutral', reason: 'retryable-status' });
  });

  it.each([429, 529, 503])('takes %i with Retry-After for overload, for as long as it says', (status) => {
    expect(judge(status, { 'retry-after': '3' })).toEqual({ kind: 'overloaded', status, retryAfter: 3_000 });
    expect(judge(status, { 'retry-after-ms': '40' })).toEqual({ kind: 'overloaded', status, retryAfter: 40 });
  });

  it.each([429, 529])('takes %i for overload, however often it comes', (status) => {
    const endpoint = { busyStreak: 0 };
    for (let count = 0; count < 20; count++)
      expect(judge(status, {}, endpoint)).toEqual({ kind: 'overloaded', status, retryAfter: undefined });
  });

  it.each([500, 501, 502, 504, 599])('takes %i for a fault', (status) => {
    expect(judge(status)).toMatchObject({ kind: 'fault', reason: 'status', status, sent: true });
  });

  it('takes a bare 503 for overload five times in a row, then for a fault', () => {
    const endpoint = { busyStreak: 0 };
    const kinds = Array.from({ length: 7 }, () => judge(503, {}, endpoint).kind);
    expect(kinds).toEqual([...Array(5).fill('overloaded'), 'fault', 'fault']);
    judge(200, {}, endpoint);
    expect(judge(503, {}, endpoint).kind).toBe('overloaded');
  });

  it('has its patience back after any other answer', () => {
    for (const [status, headers] of [
      [200, {}],
      [404, {}],
      [503, { 'retry-after': '1' }],
    ] as const) {
      const endpoint = { busyStreak: 5 };
      judge(status, headers, endpoint);
      expect(endpoint.busyStreak).toBe(0);
    }
  });
});
