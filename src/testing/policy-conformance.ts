import assert from 'node:assert/strict';
import type { EndpointView } from '../core/endpoint.js';
import type { ScorerFailure, SelectionContext, SelectionPolicy } from '../core/policy.js';
import type { ConformanceRunner } from './conformance-runner.js';
import { type FakeEndpoint, fakeEndpoint } from './fake-endpoint.js';
import { fakeRequest } from './fake-request.js';
import { seededRandom } from './seeded-random.js';

const SEED = 20_260_101;

/**
 * Checks what every selection policy owes a balancer.
 *
 * @param name of the suite
 * @param makePolicy a fresh policy for each test
 * @param runner with `even: false` for a policy that means to prefer some endpoints among equals
 * @example
 * import { describe, it } from 'vitest';
 * policyConformance('myPolicy', () => myPolicy(), { describe, it });
 */
export function policyConformance(
  name: string,
  makePolicy: () => SelectionPolicy,
  { describe, it, even = true }: ConformanceRunner & { readonly even?: boolean },
): void {
  describe(`${name} as a selection policy`, () => {
    it('always chooses the only candidate', () => {
      const only = fakeEndpoint('only');
      const pick = picker(makePolicy());
      for (let turn = 0; turn < 100; turn++) {
        assert.equal(pick([only]), only);
        only.outstanding++;
      }
    });

    it('chooses none of no candidates', () => {
      assert.equal(picker(makePolicy())([]), undefined);
    });

    it('chooses one of the candidates, the very object, however they are loaded', () => {
      const random = seededRandom(SEED);
      const pick = picker(makePolicy());
      const endpoints = pool(8);
      for (let turn = 0; turn < 2000; turn++) {
        for (const endpoint of endpoints) load(endpoint, random);
        const candidates = endpoints.filter(() => random() < 0.6);
        const chosen = pick(candidates);
        if (candidates.length > 0)
          assert.ok(chosen && candidates.includes(chosen as FakeEndpoint), `turn ${turn}, seed ${SEED}`);
      }
    });

    it('never chooses weight 0 while another has weight, nor when none has', () => {
      const drained = [fakeEndpoint('drained-1', { weight: 0 }), fakeEndpoint('drained-2', { weight: 0 })];
      const busy = fakeEndpoint('busy', { outstanding: 500 });
      const pick = picker(makePolicy());
      for (let turn = 0; turn < 500; turn++) {
        assert.equal(pick([...drained.slice(0, 1), busy, ...drained.slice(1)]), busy);
        assert.equal(pick(drained), undefined);
      }
    });

    it('takes random sources that return 0, nearly 1, or 1', () => {
      for (const constant of [0, 0.999999, 1]) {
        const pick = picker(makePolicy(), () => constant);
        const candidates = [...pool(5), fakeEndpoint('drained', { weight: 0 })];
        for (let turn = 0; turn < 20; turn++) {
          const chosen = pick(candidates);
          assert.ok(
            chosen && chosen.weight > 0 && candidates.includes(chosen as FakeEndpoint),
            `random ${constant}`,
          );
          chosen.outstanding++;
        }
      }
    });

    it('follows a changing membership', () => {
      const pick = picker(makePolicy());
      const endpoints = pool(6);
      for (let turn = 0; turn < 600; turn++) {
        const from = turn % endpoints.length;
        const candidates = endpoints.slice(from, from + 3);
        const chosen = pick(candidates);
        assert.ok(chosen && candidates.includes(chosen), `turn ${turn}`);
      }
      const joined = fakeEndpoint('joined');
      assert.equal(pick([joined]), joined);
    });

    it('leaves the list of candidates and the endpoints as they are', () => {
      const endpoints = pool(5).map((endpoint) => Object.freeze(endpoint));
      const candidates = Object.freeze([...endpoints]);
      const pick = picker(makePolicy());
      for (let turn = 0; turn < 100; turn++) pick(candidates);
      assert.deepEqual(candidates, endpoints);
    });

    it('chooses the same again from the same seed', () => {
      const run = () => {
        const random = seededRandom(SEED);
        const pick = picker(makePolicy(), random);
        const endpoints = pool(6);
        return Array.from({ length: 300 }, () => {
          for (const endpoint of endpoints) load(endpoint, random);
          return pick(endpoints)?.id;
        });
      };
      assert.deepEqual(run(), run());
    });

    it('does without a context', () => {
      const pair = pool(2);
      assert.ok(pair.includes(makePolicy().select(pair, fakeRequest()) as FakeEndpoint));
    });

    it('takes candidates that know nothing of slow start', () => {
      const { slowStart: _, ...view } = fakeEndpoint('plain');
      const plain = view as EndpointView;
      assert.equal(picker(makePolicy())([plain]), plain);
    });

    it('chooses among hundreds', () => {
      const many = pool(300);
      const pick = picker(makePolicy());
      for (let turn = 0; turn < 100; turn++) {
        const chosen = pick(many);
        assert.ok(chosen && many.includes(chosen));
        chosen.outstanding++;
      }
    });

    it('keeps apart the endpoints of two balancers that share it', () => {
      const [left, right] = [pool(3), pool(3)];
      const pick = picker(makePolicy());
      for (let turn = 0; turn < 200; turn++) {
        assert.ok(left.includes(pick(left) as FakeEndpoint));
        assert.ok(right.includes(pick(right) as FakeEndpoint));
      }
    });

    it('explains candidates by their ids, and chooses the same whether it was asked or not', () => {
      const run = (ask: boolean) => {
        const policy = makePolicy();
        const context = contextOf(seededRandom(SEED));
        const endpoints = pool(4);
        return Array.from({ length: 100 }, (_, turn) => {
          const request = numbered(turn);
          if (ask) {
            for (const { endpoint, score } of policy.explain?.(endpoints, request, context) ?? []) {
              assert.ok(endpoints.some(({ id }) => id === endpoint));
              assert.equal(typeof score, 'number');
            }
          }
          const chosen = policy.select(endpoints, request, context) as FakeEndpoint | undefined;
          if (chosen) chosen.outstanding++;
          return chosen?.id;
        });
      };
      assert.deepEqual(run(true), run(false));
    });

    if (even) {
      it('spreads ten thousand requests evenly over equal endpoints, each within a tenth of its share', () => {
        const endpoints = pool(4);
        const pick = picker(makePolicy());
        const counts = new Map<string, number>();
        for (let turn = 0; turn < 10_000; turn++) {
          const id = pick(endpoints)?.id ?? 'none';
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        for (const { id } of endpoints) {
          const count = counts.get(id) ?? 0;
          assert.ok(Math.abs(count - 2500) < 250, `${id} was chosen ${count} times of 10000, seed ${SEED}`);
        }
      });
    }
  });
}

/** Picks for one request after another, each with its own affinity key. */
function picker(policy: SelectionPolicy, random = seededRandom(SEED)) {
  const context = contextOf(random);
  let turn = 0;
  return (candidates: readonly EndpointView[]) =>
    policy.select(candidates, numbered(turn++), context) as FakeEndpoint | undefined;
}

function numbered(turn: number) {
  return fakeRequest({ affinityKey: `session-${turn}` });
}

/** A context whose time moves on by a millisecond at each look. */
function contextOf(random: () => number): SelectionContext {
  let time = 0;
  return { random, now: () => time++, report: refuse };
}

function refuse(report: ScorerFailure): void {
  throw new Error(`The policy reported ${report.type}: ${report.problem}`);
}

function pool(size: number): FakeEndpoint[] {
  return Array.from({ length: size }, (_, index) => fakeEndpoint(`endpoint-${index}`));
}

/** Any load and latency at all, the unknown included. */
function load(endpoint: FakeEndpoint, random: () => number): void {
  endpoint.outstanding = Math.floor(random() * 100);
  endpoint.slowStart = random() < 0.2 ? 0.1 : 1;
  const time = random() < 0.3 ? undefined : random() * 5000;
  endpoint.latency = { firstToken: time, response: time, tokenInterval: time };
}
