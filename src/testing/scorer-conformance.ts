import assert from 'node:assert/strict';
import type { LoadReport } from '../core/load-report.js';
import type { SelectionContext } from '../core/policy.js';
import { ScorerTerm } from '../core/scorer-term.js';
import type { EndpointScorer, Scorer } from '../core/scoring.js';
import type { ConformanceRunner } from './conformance-runner.js';
import { type FakeEndpoint, fakeEndpoint } from './fake-endpoint.js';
import { fakeRequest } from './fake-request.js';
import { seededRandom } from './seeded-random.js';

const SEED = 20_260_101;
const TURNS = 500;

/**
 * Checks what every scorer owes a policy: ratings in [0, 1] or `undefined`, one for each candidate, whatever is known
 * of them, and nothing changed.
 *
 * @param name of the suite
 * @param makeScorer a fresh scorer for each test
 * @param runner with `even: false` for a scorer that means to prefer some endpoints among equals
 * @example
 * import { describe, it } from 'vitest';
 * scorerConformance('vramFree', () => vramFree, { describe, it });
 */
export function scorerConformance(
  name: string,
  makeScorer: () => Scorer | EndpointScorer,
  { describe, it, even = true }: ConformanceRunner & { readonly even?: boolean },
): void {
  describe(`${name} as a scorer`, () => {
    it('rates every candidate in [0, 1], or says unknown, whatever their load', () => {
      const random = seededRandom(SEED);
      const rate = rater(makeScorer());
      const endpoints = pool(8);
      for (let turn = 0; turn < TURNS; turn++) {
        for (const endpoint of endpoints) burden(endpoint, random);
        const candidates = endpoints.filter(() => random() < 0.6);
        rate(candidates, turn, random);
      }
    });

    it('takes no candidates, and a single one', () => {
      const rate = rater(makeScorer());
      const [only] = pool(1);
      for (let turn = 0; turn < 10; turn++) {
        rate([], turn);
        rate(only === undefined ? [] : [only], turn);
      }
    });

    if (even) {
      it('rates endpoints alike that are alike, or of which nothing is known', () => {
        const random = seededRandom(SEED);
        const rate = rater(makeScorer(), false);
        const [one, other] = [fakeEndpoint('one'), fakeEndpoint('other')];
        for (let turn = 0; turn < TURNS; turn++) {
          const [rating, same] = rate([one, other], turn);
          assert.equal(rating, same, `turn ${turn}, seed ${SEED}`);
          burden(one, random);
          Object.assign(other, { ...one, id: other.id, url: other.url });
        }
      });
    }

    it('leaves the list of candidates, the endpoints and the request as they are', () => {
      const random = seededRandom(SEED);
      const endpoints = pool(5);
      for (const endpoint of endpoints) burden(endpoint, random);
      const candidates = Object.freeze(endpoints.map((endpoint) => Object.freeze(endpoint)));
      const before = JSON.stringify(candidates);
      const rate = rater(makeScorer());
      for (let turn = 0; turn < 50; turn++) rate(candidates, turn);
      assert.equal(JSON.stringify(candidates), before);
    });

    it('gives the same ratings again for the same candidates and request', () => {
      const random = seededRandom(SEED);
      const endpoints = pool(5);
      for (const endpoint of endpoints) burden(endpoint, random);
      const scorer = makeScorer();
      const rate = rater(scorer, false);
      for (let turn = 0; turn < 50; turn++)
        assert.deepEqual(rate(endpoints, turn), rate(endpoints, turn), `turn ${turn}, seed ${SEED}`);
    });
  });
}

/** Asks as `scored` does, and fails where that would report something. With `pick`, the pick falls somewhere. */
function rater(scorer: Scorer | EndpointScorer, pick = true) {
  const term = new ScorerTerm('the scorer', 1, scorer);
  return (candidates: readonly FakeEndpoint[], turn: number, random = seededRandom(turn)) => {
    const request = requestOf(turn);
    const context: SelectionContext = {
      random,
      now: () => turn * 100,
      report: ({ problem, endpoint }) => {
        throw new Error(`${endpoint ?? 'all'}: ${problem}, turn ${turn}, seed ${SEED}`);
      },
    };
    const answer =
      typeof scorer === 'function'
        ? candidates.map((endpoint) => scorer(endpoint, request))
        : scorer.score(candidates, request, context);
    assert.equal(answer.length, candidates.length, `turn ${turn}`);
    for (const rating of answer)
      assert.ok(
        rating === undefined || (rating >= 0 && rating <= 1),
        `rating ${rating}, turn ${turn}, seed ${SEED}`,
      );
    term.rateForPick(candidates, request, context);
    const chosen = candidates[Math.floor(random() * candidates.length)];
    if (pick && chosen !== undefined) term.picked(chosen, request, context);
    return answer;
  };
}

/** Conversations of several turns, some with a key, some without. */
function requestOf(turn: number) {
  const conversation = turn % 7;
  const length = (turn % 5) * 3;
  return fakeRequest({
    affinityKey: conversation < 5 ? `session-${conversation}` : undefined,
    promptTokens: 100 + length * 128,
    promptBlocks: () => Array.from({ length }, (_, index) => conversation * 1000 + index),
  });
}

function pool(size: number): FakeEndpoint[] {
  return Array.from({ length: size }, (_, index) => fakeEndpoint(`endpoint-${index}`));
}

/** Any load at all, the unknown included. */
function burden(endpoint: FakeEndpoint, random: () => number): void {
  const maybe = <T>(value: T): T | undefined => (random() < 0.3 ? undefined : value);
  const count = (most: number) => Math.floor(random() * most);
  const time = maybe(random() * 5000);
  endpoint.outstanding = count(100);
  endpoint.weight = random() < 0.1 ? 0 : count(5) + 0.5;
  endpoint.slowStart = random() < 0.2 ? 0.1 : 1;
  endpoint.latency = { firstToken: time, response: time, tokenInterval: time };
  endpoint.pendingPrompt = count(100_000);
  endpoint.prefillRate = maybe(1 + random() * 30_000);
  const report: LoadReport = {
    observedAt: count(1000),
    ownOutstanding: count(100),
    running: maybe(count(300)),
    waiting: maybe(count(30)),
    kvCacheUsage: maybe(random()),
    prefixCacheHitRate: maybe(random()),
    gpuUtilization: maybe(random()),
    vramUsage: maybe(random()),
    kvCacheTokens: maybe(1 + count(500_000)),
    adapters: maybe(random() < 0.5 ? [] : ['llama-3.1-8b']),
    waitingAdapters: maybe([]),
    maxAdapters: maybe(count(3)),
    asleep: maybe(random() < 0.1),
  };
  endpoint.load = maybe(report);
}
