import { describe, expect, it } from 'vitest';
import type { InferenceRequest } from '../../../src/core/inference-request.js';
import { type AvailabilityTerms, findCandidates } from '../../../src/state/availability.js';
import type { Endpoint } from '../../../src/state/endpoint.js';
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
  terms: Partial<AvailabilityTerms> = {},
) => {
  const found = findCandidates(endpoints, fakeRequest(request), {
    now: terms.now ?? 0,
    random: terms.random ?? (() => 0),
    overProvisioning: terms.overProvisioning ?? 1.4,
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
    leaving.lifecycle.drain(true);
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

  it('fails open to somebody also when their open times end while it looks', () => {
    const endpoints = [broken('a', 'open'), broken('b', 'open')];
    for (const { breaker } of endpoints) {
      let looks = 0;
      Object.defineProperty(breaker, 'state', { get: () => (looks++ % 2 === 0 ? 'open' : 'half-open') });
    }
    expect(find(endpoints)).toEqual(ready(['a', 'b'], 0));
  });

  it('without failOpen says that all are open, and until when', () => {
    const closed = { failOpen: false };
    const twice = [broken('a', 'open', { reopensAt: 400 }), broken('b', 'open', { reopensAt: 900 })];
    expect(find(twice, {}, { ...closed, now: 100 })).toEqual({ kind: 'open', soonest: 300 });
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

  describe('across tiers that are partly down', () => {
    const open = (id: string, fields: Partial<Endpoint> = {}) => broken(id, 'open', fields);
    const tier1 = { tier: 1 };
    const two = (up: number, of: number, tier: number) =>
      Array.from({ length: of }, (_, index) =>
        index < up ? make(`${tier}${index}`, { tier }) : open(`${tier}${index}`, { tier }),
      );
    /** How often each tier is chosen by 1000 evenly spread draws. */
    const drawn = (endpoints: readonly Rigged[], terms: Partial<AvailabilityTerms> = {}) => {
      const counts: Record<string, number> = {};
      for (let draw = 0; draw < 1_000; draw++) {
        const found = find(endpoints, {}, { ...terms, random: () => (draw + 0.5) / 1_000 });
        const tier = found.kind === 'ready' ? (found.candidates[0]?.[0] ?? '?') : found.kind;
        counts[tier] = (counts[tier] ?? 0) + 1;
      }
      return counts;
    };

    it('case 45: 2 of 4 up keep 70 % and pass 30 % on', () => {
      expect(drawn([...two(2, 4, 0), ...two(4, 4, 1)])).toEqual({ 0: 700, 1: 300 });
    });

    it('case 45: with 1 of 4 up in both tiers each gets half', () => {
      expect(drawn([...two(1, 4, 0), ...two(1, 4, 1)])).toEqual({ 0: 500, 1: 500 });
    });

    it('passes nothing on while over-provisioning covers what is down', () => {
      expect(drawn([...two(3, 4, 0), ...two(4, 4, 1)])).toEqual({ 0: 1_000 });
      expect(drawn([...two(2, 4, 0), ...two(4, 4, 1)], { overProvisioning: 2 })).toEqual({ 0: 1_000 });
    });

    it('draws no random number where no tier is partly down', () => {
      const random = () => {
        throw new Error('a random number was drawn');
      };
      expect(find([...two(4, 4, 0), ...two(4, 4, 1)], {}, { random })).toMatchObject({ untried: 4 });
      expect(find(two(1, 4, 0), {}, { random })).toEqual(ready(['00']));
    });

    it.each<[string, Rigged]>([
      ['open', open('z')],
      ['a suspect', broken('z', 'suspect')],
      ['cooling off', cooling('z', 100)],
      ['warming', make('z', { healthPath: '/health' })],
      ['half-open with its trial on the way', broken('z', 'half-open')],
    ])('counts an endpoint that is %s as down', (_, down) => {
      expect(drawn([make('0'), down, make('1', tier1)])).toEqual({ 0: 700, 1: 300 });
    });

    it.each<[string, Rigged]>([
      ['full', full('z')],
      ['of another model', make('z', { models: new Map([['other', 'other']]) })],
      ['of weight 0', make('z', { weight: 0 })],
      ['on standby', make('z', { standby: true })],
    ])('does not count an endpoint that is %s as down', (_, other) => {
      expect(drawn([make('0'), other, make('1', tier1)])).toEqual({ 0: 1_000 });
    });

    it('lets a trial go to a half-open endpoint that is alone in its tier', () => {
      const half = broken('0', 'half-open');
      half.breaker.trialFree = true;
      expect(drawn([half, make('1', tier1)])).toEqual({ 0: 1_000 });
    });

    it('overflows from the tier that was drawn to one with room', () => {
      const first = [full('0a'), open('0b'), open('0c')];
      const second = [make('1a', tier1), open('1b', tier1), open('1c', tier1)];
      // 0.467 to either, and the rest to the third; of the first, which has no room, all goes to the second.
      expect(drawn([...first, ...second, make('2', { tier: 2 })])).toEqual({ 1: 933, 2: 67 });
    });

    it('goes to the lower tier when the one that was drawn is full', () => {
      expect(drawn([make('0a'), open('0b'), full('1', tier1)])).toEqual({ 0: 1_000 });
    });

    const draining = make('y');
    draining.lifecycle.drain(true);

    it.each<[string, Rigged]>([
      ['of another model', make('y', { models: new Map([['other', 'other']]) })],
      ['of weight 0', make('y', { weight: 0 })],
      ['on standby', make('y', { standby: true })],
      ['draining', draining],
    ])('nor where others are: %s', (_, other) => {
      expect(drawn([make('0'), other, open('z'), make('1', tier1)])).toEqual({ 0: 700, 1: 300 });
    });

    it('counts an endpoint that was tried, or is full, as up', () => {
      const endpoints = [make('0a'), make('0b'), full('0c'), open('0d'), open('0e'), make('1', tier1)];
      // 3 of 5 at 1.4: 0.84.
      expect(find(endpoints, { model: 'm', tried: ['0a'] }, { random: () => 0.83 })).toEqual(ready(['0b']));
      expect(find(endpoints, { model: 'm', tried: ['0a'] }, { random: () => 0.85 })).toEqual(ready(['1']));
    });

    it('offers all untried endpoints of the tier that was drawn', () => {
      const endpoints = [...two(2, 4, 0), ...two(4, 4, 1)];
      expect(find(endpoints, { tried: ['10'] }, { random: () => 0.9 })).toEqual(ready(['11', '12', '13']));
    });
  });

  describe('while endpoints are warming', () => {
    const warming = (id: string) => make(id, { healthPath: '/health' });

    it('waits for them when there is nobody else, and never uses them', () => {
      expect(find([warming('a'), warming('b')])).toEqual({ kind: 'warming' });
      expect(find([warming('a'), make('b')])).toEqual(ready(['b']));
      expect(find([warming('a'), make('b')], { tried: ['b'] })).toEqual(ready(['b'], 0));
    });

    it('uses a doubtful endpoint sooner, and says how long others cool off', () => {
      expect(find([warming('a'), broken('b', 'open')])).toEqual(ready(['b'], 0));
      expect(find([warming('a'), cooling('b', 300)])).toEqual({ kind: 'cooling-off', soonest: 300 });
    });

    it('uses one as soon as it is ready', () => {
      const endpoint = warming('a');
      endpoint.lifecycle.hold('health', false);
      expect(find([endpoint])).toEqual(ready(['a']));
    });

    it('tells a model that nobody serves from one whose endpoints are warming', () => {
      const models = new Map([['llama', 'llama']]);
      const endpoint = make('a', { models, healthPath: '/health' });
      expect(find([endpoint], { model: 'llama' })).toEqual({ kind: 'warming' });
      expect(find([endpoint], { model: 'qwen' })).toEqual({ kind: 'unknown-model' });
    });
  });

  it('never uses an endpoint on standby, nor waits for it', () => {
    expect(find([make('a', { standby: true }), make('b')])).toEqual(ready(['b']));
    expect(find([make('a', { standby: true })])).toEqual({ kind: 'none' });
  });

  it('finds nothing among nothing', () => {
    expect(find([])).toEqual({ kind: 'none' });
  });
});
