import { describe, expect, it } from 'vitest';
import type { InferenceRequest } from '../../../src/core/inference-request.js';
import { findCandidates } from '../../../src/state/availability.js';
import type { Endpoint } from '../../../src/state/endpoint-state.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { endpointState } from '../../support/endpoint-rig.js';

type Rigged = ReturnType<typeof endpointState>;

const make = (id: string, fields: Partial<Endpoint> & { outstanding?: number } = {}): Rigged => {
  const { outstanding = 0, ...description } = fields;
  const endpoint = endpointState(id, description);
  endpoint.outstanding = outstanding;
  return endpoint;
};
const full = (id: string, fields: Partial<Endpoint> = {}) =>
  make(id, { ...fields, maxOutstanding: 1, outstanding: 1 });
const cooling = (id: string, wait: number, fields: Partial<Endpoint> = {}) => {
  const endpoint = make(id, fields);
  endpoint.cooldown.begin(wait);
  return endpoint;
};
const broken = (
  id: string,
  state: 'open' | 'half-open' | 'suspect',
  fields: Partial<Endpoint> & { outstanding?: number; reopensAt?: number } = {},
) => {
  const { reopensAt, ...rest } = fields;
  const endpoint = make(id, rest);
  endpoint.breaker.state = state;
  endpoint.breaker.trialFree = false;
  endpoint.breaker.reopensAt = reopensAt;
  return endpoint;
};
const find = (
  endpoints: readonly Rigged[],
  request: Partial<InferenceRequest> = {},
  terms: { failOpen?: boolean; only?: readonly string[] } = {},
) => {
  const found = findCandidates(endpoints, fakeRequest(request), {
    now: 0,
    failOpen: terms.failOpen ?? true,
    only: terms.only,
  });
  return found.kind === 'ready'
    ? { ...found, candidates: found.candidates.map((candidate) => candidate.id) }
    : found;
};
const ready = (candidates: string[], untried = candidates.length) => ({ kind: 'ready', candidates, untried });

describe('findCandidates', () => {
  it('finds every healthy endpoint of the lowest tier', () => {
    expect(find([make('a'), make('b'), make('c', { tier: 1 })])).toEqual(ready(['a', 'b']));
  });

  it.each<[string, Rigged]>([
    ['full', full('a')],
    ['cooling off', cooling('a', 100)],
    ['open', broken('a', 'open')],
    ['suspect', broken('a', 'suspect')],
    ['half-open with its trial on the way', broken('a', 'half-open')],
    ['of weight 0', make('a', { weight: 0 })],
    ['of another model', make('a', { models: new Map([['other', 'other']]) })],
  ])('overflows to the next tier when the lowest is %s', (_, lowest) => {
    expect(find([lowest, make('b', { tier: 1 }), make('c', { tier: 2 })])).toEqual(ready(['b']));
  });

  it('does not look at higher tiers while a lower one has room', () => {
    expect(find([full('a'), make('b'), make('c', { tier: 1 })])).toEqual(ready(['b']));
  });

  it('goes to an untried endpoint of a higher tier before one that was tried', () => {
    expect(find([make('a'), make('b', { tier: 1 })], { tried: ['a'] })).toEqual(ready(['b']));
  });

  it('goes back to tried endpoints when there is no other, and counts none as untried', () => {
    expect(find([make('a'), full('b')], { tried: ['a'] })).toEqual(ready(['a'], 0));
  });

  it('takes a half-open endpoint whose trial is free for a candidate like others', () => {
    const half = broken('a', 'half-open');
    half.breaker.trialFree = true;
    expect(find([half, make('b')])).toEqual(ready(['a', 'b']));
  });

  it('leaves a draining endpoint out', () => {
    const leaving = make('a');
    leaving.draining = true;
    expect(find([leaving, make('b')])).toEqual(ready(['b']));
    expect(find([leaving])).toEqual({ kind: 'none' });
  });

  it('waits for a full endpoint sooner than it uses a doubtful one', () => {
    expect(find([full('a'), broken('b', 'suspect')])).toEqual({ kind: 'full' });
  });

  it('fails open to suspects first, then half-open endpoints, then open ones', () => {
    const suspect = broken('a', 'suspect');
    const half = broken('b', 'half-open');
    const open = broken('c', 'open');
    expect(find([open, half, suspect])).toEqual(ready(['a'], 0));
    expect(find([open, half])).toEqual(ready(['b'], 0));
    expect(find([open])).toEqual(ready(['c'], 0));
  });

  it('waits for room at doubtful endpoints, where they are all there is', () => {
    expect(find([broken('a', 'open', { maxOutstanding: 1, outstanding: 1 })])).toEqual({ kind: 'full' });
  });

  it('without failOpen says that all are open, and until when', () => {
    const closed = { failOpen: false };
    expect(
      find([broken('a', 'open', { reopensAt: 900 }), broken('b', 'open', { reopensAt: 400 })], {}, closed),
    ).toEqual({
      kind: 'open',
      soonest: 400,
    });
    expect(find([broken('a', 'half-open')], {}, closed)).toEqual({ kind: 'open', soonest: undefined });
  });

  it('says when all cool off, and who is back first', () => {
    expect(find([cooling('a', 300), cooling('b', 200)])).toEqual({ kind: 'cooling-off', soonest: 200 });
  });

  it('uses a doubtful endpoint sooner than it waits for one that cools off', () => {
    expect(find([cooling('a', 300), broken('b', 'open')])).toEqual(ready(['b'], 0));
  });

  it('keeps to the endpoints a request names', () => {
    expect(find([make('a'), make('b')], {}, { only: ['b', 'unheard-of'] })).toEqual(ready(['b']));
    expect(find([make('a')], {}, { only: ['unheard-of'] })).toEqual({ kind: 'none' });
    expect(find([make('a')], {}, { only: [] })).toEqual({ kind: 'none' });
  });

  describe('by model', () => {
    const llama = make('a', { models: new Map([['llama', 'meta/llama']]) });
    const every = make('b');

    it('finds those that serve it, under whatever name, and those that serve all', () => {
      expect(find([llama, every], { model: 'llama' })).toEqual(ready(['a', 'b']));
      expect(find([llama, every], { model: 'qwen' })).toEqual(ready(['b']));
    });

    it('finds all for a request that names none', () => {
      expect(find([llama], { model: undefined })).toEqual(ready(['a']));
    });

    it('tells an unknown model from one whose endpoints are busy or gone', () => {
      const models = new Map([['llama', 'llama']]);
      expect(find([llama], { model: 'qwen' })).toEqual({ kind: 'unknown-model' });
      expect(find([full('a', { models })], { model: 'llama' })).toEqual({ kind: 'full' });
      expect(find([make('a', { models, weight: 0 })], { model: 'qwen' })).toEqual({ kind: 'none' });
    });
  });

  it('finds nothing among nothing', () => {
    expect(find([])).toEqual({ kind: 'none' });
  });
});
