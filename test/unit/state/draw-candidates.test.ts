import { describe, expect, it } from 'vitest';
import { powerOfTwo } from '../../../src/policies/power-of-two.js';
import type { Endpoint } from '../../../src/state/endpoint.js';
import { EndpointSet } from '../../../src/state/endpoint-set.js';
import { SlowStart } from '../../../src/state/slow-start.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { endpointOf, endpointState } from '../../support/endpoint-rig.js';

const RULE = { above: 64, size: 2 };
const many = (count: number, fields: (index: number) => Partial<Endpoint> = () => ({})) =>
  Array.from({ length: count }, (_, index) => endpointOf(`e${index}`, fields(index)));

function setOf(endpoints: readonly Endpoint[], seed = 1) {
  return new EndpointSet(endpoints, {
    clock: manualClock(),
    random: seededRandom(seed),
    overProvisioning: 1.4,
    failOpen: true,
    maxOpenRatio: 0.5,
    create: (endpoint) => endpointState(endpoint.id, endpoint),
    removed: () => {},
  });
}
const candidatesOf = (set: EndpointSet, rule = RULE, request = fakeRequest(), only?: readonly string[]) => {
  const found = set.find(request, only, rule);
  return found.kind === 'ready' ? found.candidates : [];
};

describe('Candidates for a policy that looks at a few of many', () => {
  it('are as many different ones as it wants, where there are more endpoints than it would look at', () => {
    const set = setOf(many(65));
    for (let time = 0; time < 200; time++) expect(new Set(candidatesOf(set)).size).toBe(2);
  });

  it('are all, up to that many', () => {
    expect(candidatesOf(setOf(many(64)))).toHaveLength(64);
  });

  it('are all where there are several tiers, or a caller who names the endpoints', () => {
    expect(candidatesOf(setOf(many(100, (index) => ({ tier: index % 2 }))))).toHaveLength(50);
    const named = Array.from({ length: 50 }, (_, index) => `e${2 * index}`);
    expect(candidatesOf(setOf(many(100)), RULE, fakeRequest(), named)).toHaveLength(50);
  });

  it('are drawn as the policy itself would draw them from all', () => {
    const endpoints = many(100, (index) => ({ weight: index < 10 ? 5 : 1 }));
    const share = (rule: typeof RULE | undefined) => {
      const set = setOf(endpoints, 7);
      const random = seededRandom(8);
      let heavy = 0;
      for (let time = 0; time < 4_000; time++) {
        const found = set.find(fakeRequest(), undefined, rule);
        const candidates = found.kind === 'ready' ? found.candidates : [];
        const chosen = powerOfTwo().select(candidates, fakeRequest(), {
          random,
          now: () => 0,
          report: () => {},
        });
        if (chosen?.weight === 5) heavy++;
      }
      return heavy / 4_000;
    };
    expect(share(RULE)).toBeCloseTo(share(undefined), 1);
  });

  it('are only those that can take the request, however few', () => {
    const set = setOf(many(100, (index) => ({ maxOutstanding: index === 42 ? 1 : 0.5 })));
    for (const member of set.members) if (member.id !== 'e42') member.outstanding = 1;
    expect(candidatesOf(set).map(({ id }) => id)).toEqual(['e42']);
  });

  it('are none where every endpoint has weight 0', () => {
    const set = setOf(many(100, () => ({ weight: 0 })));
    expect(set.find(fakeRequest(), undefined, RULE)).toEqual({ kind: 'none' });
  });

  it('are drawn less often while they ramp up', () => {
    const set = new EndpointSet(many(100), {
      clock: manualClock(),
      random: seededRandom(3),
      overProvisioning: 1.4,
      failOpen: true,
      maxOpenRatio: 0.5,
      create: (endpoint) => {
        const ramp = new SlowStart({ window: 1_000, minFactor: 0.25, aggression: 1 });
        if (Number(endpoint.id.slice(1)) < 50) ramp.begin(0);
        return Object.assign(endpointState(endpoint.id, endpoint), { ramp });
      },
      removed: () => {},
    });
    let ramping = 0;
    for (let time = 0; time < 1_000; time++)
      for (const { id } of candidatesOf(set)) if (Number(id.slice(1)) < 50) ramping++;
    // A quarter against one: a fifth of 2 000.
    expect(ramping).toBeGreaterThan(340);
    expect(ramping).toBeLessThan(460);
  });

  it('are untried ones first', () => {
    const set = setOf(many(100));
    const tried = set.members.slice(0, 97).map(({ id }) => id);
    for (let time = 0; time < 20; time++)
      for (const { id } of candidatesOf(set, RULE, fakeRequest({ tried }))) expect(tried).not.toContain(id);
  });

  it('follow the weights of an update', () => {
    const set = setOf(many(100));
    set.update(many(100, (index) => ({ weight: index < 2 ? 1 : 0 })));
    expect(
      candidatesOf(set)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['e0', 'e1']);
  });
});
