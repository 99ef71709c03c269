import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.js';
import { resolveBreakerOptions } from '../../../src/state/breaker-options.js';
import { Cooldown } from '../../../src/state/cooldown.js';
import { ejectionLimit } from '../../../src/state/ejection-limit.js';
import { EndpointSet } from '../../../src/state/endpoint-set.js';
import { EndpointState } from '../../../src/state/endpoint-state.js';
import { Lease } from '../../../src/state/lease.js';
import { OpossumBreaker } from '../../../src/state/opossum-breaker.js';
import { resolveSlowStartOptions, SlowStart } from '../../../src/state/slow-start.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { endpointOf } from '../../support/endpoint-rig.js';
import { fc } from '../../support/property.js';

const FAULTS_TO_OPEN = 2;
const OPEN_FOR = 1_000;
const RAMP = 4_000;
const MODEL = 'm';

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  success: { kind: 'success' },
  rejected: { kind: 'rejected', status: 400 },
  fault: { kind: 'fault', reason: 'reset', status: undefined, sent: true, error: undefined },
  overloaded: { kind: 'overloaded', status: 429, retryAfter: undefined },
  'overloaded for a time': { kind: 'overloaded', status: 429, retryAfter: 700 },
  neutral: { kind: 'neutral', reason: 'caller-left' },
};

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), which: fc.nat(9) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(40),
      outcome: fc.constantFrom(...Object.keys(OUTCOMES), ...Array<string>(12).fill('fault')),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(1_500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);

/** What the endpoints' description says, and nothing of how the engine keeps it. */
const pool = fc.array(
  fc.record({
    weight: fc.constantFrom(0, 1, 1, 1, 3),
    tier: fc.constantFrom(0, 0, 0, 1),
    maxOutstanding: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
    serves: fc.constantFrom(true, true, true, false),
    group: fc.constantFrom(undefined, undefined, 'quota'),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What the runs have met: a model that never sees a breaker open agrees with anything. */
const seen = { openings: 0, suspects: 0 };

function run(
  descriptions: ReadonlyArray<typeof pool extends fc.Arbitrary<infer List> ? List : never>[number],
  failOpen: boolean,
  maxOpenRatio: number,
  steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
): void {
  const clock = manualClock();
  const random = () => 0.5;
  const endpoints = descriptions.map(({ serves, group, ...fields }, index) =>
    endpointOf(`e${index}`, {
      ...fields,
      quotaGroup: group,
      models: new Map([[serves ? MODEL : 'other', MODEL]]),
    }),
  );
  const ramps = new Map<EndpointState, number>();
  const set: EndpointSet = new EndpointSet(endpoints, {
    clock,
    random,
    // Shares of tiers have a test of their own: here the lowest tier with a healthy endpoint takes everything.
    overProvisioning: Number.POSITIVE_INFINITY,
    failOpen,
    maxOpenRatio,
    removed: () => {},
    create: (endpoint, joins) => {
      const ramp = new SlowStart(resolveSlowStartOptions({ window: RAMP }));
      if (joins) ramp.begin(clock.now());
      const options = {
        consecutiveFailures: FAULTS_TO_OPEN,
        openFor: OPEN_FOR,
        maxOpenFor: OPEN_FOR,
        maxOpenRatio,
      };
      const state: EndpointState = new EndpointState(endpoint, {
        clock,
        channel: {
          send: () => ({ pause() {}, resume() {}, abort() {} }),
          close: async () => {},
          destroy: async () => {},
        },
        cooldown: new Cooldown(clock, random),
        gates: [],
        slowStart: ramp,
        breaker: new OpossumBreaker(resolveBreakerOptions(options), {
          clock,
          random,
          mayOpen: () => set.mayOpen(),
          onStateChange: (from, to) => {
            if (to !== 'closed' || from === 'closed') return;
            ramp.begin(clock.now());
            ramps.set(state, clock.now());
          },
        }),
      });
      if (joins) ramps.set(state, clock.now());
      return state;
    },
  });

  // The model: who holds what, and until when who is left alone.
  const held: { lease: Lease; on: EndpointState }[] = [];
  const coolUntil = new Map<EndpointState, number>();
  const overloads = new Map<EndpointState, number>();
  const countOf = (endpoint: EndpointState) => held.filter(({ on }) => on === endpoint).length;
  const coolFor = (endpoint: EndpointState) => Math.max(0, (coolUntil.get(endpoint) ?? 0) - clock.now());
  const cool = (endpoint: EndpointState, retryAfter: number | undefined) => {
    if (retryAfter !== undefined) {
      coolUntil.set(endpoint, Math.max(coolUntil.get(endpoint) ?? 0, clock.now() + retryAfter));
      return;
    }
    if (coolFor(endpoint) > 0) return;
    const before = overloads.get(endpoint) ?? 0;
    overloads.set(endpoint, before + 1);
    coolUntil.set(endpoint, clock.now() + 0.5 * Math.min(60_000, 1_000 * 2 ** before));
  };

  const check = (): void => {
    const { members } = set;
    for (const member of members) {
      expect([member.id, member.outstanding]).toEqual([member.id, countOf(member)]);
      expect([member.id, member.coolingOff]).toEqual([member.id, coolFor(member) > 0]);
      const since = ramps.get(member);
      const part = since === undefined ? 1 : (clock.now() - since) / RAMP;
      expect(member.slowStart).toBeCloseTo(Math.min(1, Math.max(0.1, part)), 9);
    }
    expect(set.outstanding).toBe(members.reduce((sum, { outstanding }) => sum + outstanding, 0));
    // Who could take a request, by the description and the model alone.
    const serving = members.filter(
      (member) =>
        member.weight > 0 &&
        member.phase !== 'draining' &&
        member.servedModel(MODEL) !== undefined &&
        coolFor(member) === 0 &&
        countOf(member) < member.maxOutstanding,
    );
    const found = set.find(fakeRequest({ model: MODEL }), undefined);
    if (found.kind === 'ready') {
      expect(found.candidates.length).toBeGreaterThan(0);
      for (const candidate of found.candidates) expect(serving).toContain(candidate);
      const healthy = serving.filter(({ breaker }) => breaker.admits);
      // Doubtful endpoints only when no healthy one, full or not, is left; and then the least doubtful.
      if (found.candidates.some(({ breaker }) => !breaker.admits)) {
        expect(failOpen).toBe(true);
        expect(healthy).toEqual([]);
      } else {
        const lowest = Math.min(...healthy.map(({ tier }) => tier));
        expect(new Set(found.candidates)).toEqual(new Set(healthy.filter(({ tier }) => tier === lowest)));
      }
    } else if (serving.some(({ breaker }) => breaker.admits)) {
      expect.fail(`${found.kind} although a healthy endpoint has room`);
    } else if (failOpen && serving.length > 0) {
      // A healthy endpoint that is full is waited for; anything else would be a refusal in spite of failOpen.
      expect(found.kind).toBe('full');
      expect(
        members.some((member) => member.breaker.admits && countOf(member) >= member.maxOutstanding),
      ).toBe(true);
    }
  };

  let opened = openCount(set);
  for (const action of steps) {
    const { members } = set;
    if (action.do === 'ask') {
      const found = set.find(fakeRequest({ model: MODEL }), undefined);
      if (found.kind === 'ready') {
        const on = found.candidates[action.which % found.candidates.length] as EndpointState;
        held.push({ lease: new Lease(on, set), on });
      }
    } else if (action.do === 'answer') {
      held[action.which % Math.max(1, held.length)]?.lease.answering();
    } else if (action.do === 'settle' && held.length > 0) {
      const [one] = held.splice(action.which % held.length, 1);
      const outcome = OUTCOMES[action.outcome] as Outcome;
      if (one !== undefined) {
        const group = [...set.quotaGroup(one.on)];
        expect(one.lease.settle(outcome)).toBe(true);
        expect(one.lease.settle(outcome)).toBe(false);
        if (outcome.kind === 'overloaded') for (const member of group) cool(member, outcome.retryAfter);
        else if (outcome.kind === 'success' || outcome.kind === 'rejected') overloads.set(one.on, 0);
      }
    } else if (action.do === 'wait') clock.advance(action.ms);
    else if (action.do === 'drain' && members.length > 0) {
      (members[action.which % members.length] as EndpointState).lifecycle.drain(true);
    } else if (action.do === 'remove' && members.length > 0) {
      set.remove(members[action.which % members.length] as EndpointState);
    } else if (action.do === 'restore') set.update(endpoints);

    check();
    // No opening may go beyond the limit; a pool that shrinks may leave more open than it would allow anew, and a
    // suspect, which was never open, may have its trial at any time.
    const now = openCount(set);
    if (now > opened) seen.openings++;
    if (set.members.some(({ breaker }) => breaker.state === 'suspect')) seen.suspects++;
    if (now > opened) expect(now).toBeLessThanOrEqual(ejectionLimit(set.members.length, maxOpenRatio));
    opened = now;
  }
  for (const { lease } of held) lease.settle({ kind: 'success' });
  for (const member of set.members) expect(member.outstanding).toBe(0);
}

/** Endpoints that are out altogether. */
function openCount({ members }: EndpointSet): number {
  return members.filter(({ breaker }) => breaker.state === 'open').length;
}

describe('Breakers, cool-off, slow start and ejection over a set of endpoints', () => {
  it('agree with a plain model after any sequence of requests, outcomes, waits and changes of the set', () => {
    fc.assert(
      fc.property(
        pool,
        fc.boolean(),
        fc.constantFrom(0.3, 0.5, 1),
        fc.array(step, { minLength: 1, maxLength: 150, size: 'max' }),
        run,
      ),
      { numRuns: 120 },
    );
    expect(seen.openings).toBeGreaterThan(20);
    expect(seen.suspects).toBeGreaterThan(20);
  });
});
