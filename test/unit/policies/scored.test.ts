import { describe, expect, it } from 'vitest';
import type { PolicyReport } from '../../../src/core/policy.js';
import type { EndpointScorer, Scorer } from '../../../src/core/scoring.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { type ScoredOptions, scored } from '../../../src/policies/scored.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const request = fakeRequest();
const a = fakeEndpoint('a');
const b = fakeEndpoint('b');
const c = fakeEndpoint('c');
const all = [a, b, c];

function setUp(options: ScoredOptions) {
  const policy = scored(options);
  const reports: PolicyReport[] = [];
  const context = {
    random: seededRandom(1),
    now: () => 0,
    report: (report: PolicyReport) => reports.push(report),
  };
  return {
    policy,
    reports,
    select: (candidates = all) => policy.select(candidates, request, context)?.id,
    scores: () => policy.explain?.(all, request, context).map(({ score }) => score),
  };
}

function ratings(...values: unknown[]): Scorer {
  return { name: 'given', score: () => values as number[] };
}

describe('scored', () => {
  it('takes the highest weighted mean of the ratings', () => {
    const { select, scores } = setUp({
      scorers: [
        { scorer: ratings(0.5, 1, 0), weight: 2 },
        { scorer: ratings(0.8, 0, 1), weight: 1 },
      ],
    });
    expect(scores()?.map((score) => score.toFixed(3))).toEqual(['0.600', '0.667', '0.333']);
    expect(select()).toBe('b');
  });

  it('takes scorers, functions of one endpoint, and either with a weight', () => {
    const prefersC: EndpointScorer = ({ id }) => (id === 'c' ? 1 : 0);
    expect(setUp({ scorers: [prefersC] }).select()).toBe('c');
    expect(setUp({ scorers: [ratings(1, 0, 0), { scorer: prefersC, weight: 3 }] }).select()).toBe('c');
  });

  it('breaks ties at random', () => {
    const { select } = setUp({ scorers: [ratings(0.7, 0.9, 0.9)] });
    const chosen = new Set(Array.from({ length: 100 }, () => select()));
    expect(chosen).toEqual(new Set(['b', 'c']));
  });

  it('clamps ratings to [0, 1], so that no scorer outshouts the others', () => {
    const { scores } = setUp({ scorers: [ratings(-5, 0.5, 1000)] });
    expect(scores()).toEqual([0, 0.5, 1]);
  });

  it('drops a term for all when one endpoint is unknown to it, and does not take that for a failure', () => {
    const { select, scores, reports } = setUp({
      scorers: [ratings(1, undefined, 0.2), ratings(0.1, 0.2, 0.3)],
    });
    expect(scores()).toEqual([0.1, 0.2, 0.3]);
    expect(select()).toBe('c');
    expect(reports).toEqual([]);
  });

  it('scores all alike when nothing is known', () => {
    expect(setUp({ scorers: [() => undefined] }).scores()).toEqual([0.5, 0.5, 0.5]);
  });

  it('rates an endpoint neutral for which a scorer gives no finite number', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, '1', null, Promise.resolve(1)]) {
      const { select, scores, reports } = setUp({ scorers: [ratings(0.4, bad, 0.6)] });
      expect(scores()).toEqual([0.4, 0.5, 0.6]);
      expect(select()).toBe('c');
      expect(reports).toMatchObject([{ type: 'scorer-failed', scorer: 'given', endpoint: 'b' }]);
    }
  });

  it('rates an endpoint neutral for which a function throws', () => {
    const gpu: EndpointScorer = ({ id }) => {
      if (id === 'b') throw new Error('no reading');
      return 0.1;
    };
    const { select, reports } = setUp({ scorers: [gpu] });
    expect(select()).toBe('b');
    expect(reports).toEqual([{ type: 'scorer-failed', scorer: 'gpu', endpoint: 'b', problem: 'no reading' }]);
  });

  it('rates all neutral when a scorer throws or gives a list of the wrong length', () => {
    const throwing: Scorer = {
      name: 'given',
      score: () => {
        throw new Error('broken');
      },
    };
    for (const scorer of [throwing, ratings(1, 1), ratings(), { name: 'given', score: () => 7 as never }]) {
      const { select, scores, reports } = setUp({ scorers: [scorer, ratings(0, 0, 1)] });
      expect(scores()).toEqual([0.25, 0.25, 0.75]);
      expect(select()).toBe('c');
      expect(reports).toMatchObject([{ scorer: 'given', endpoint: undefined }]);
    }
  });

  it('reports a failing scorer once, and again only after it has worked', () => {
    let rating = Number.NaN;
    const { policy, select, reports } = setUp({ scorers: [() => rating] });
    for (let turn = 0; turn < 5; turn++) select();
    expect(reports).toHaveLength(1);
    rating = 0.5;
    select();
    rating = Number.NaN;
    policy.explain?.(all, request);
    select();
    select();
    expect(reports).toHaveLength(2);
  });

  it('asks scorers only about what the filters leave, and refuses when they leave none', () => {
    const seen: string[][] = [];
    const scorer: Scorer = {
      name: 'seen',
      score: (candidates) => {
        seen.push(candidates.map(({ id }) => id));
        return candidates.map(() => 1);
      },
    };
    const without = (id: string) => ({
      name: `without ${id}`,
      keep: (candidates: readonly (typeof a)[]) => candidates.filter((endpoint) => endpoint.id !== id),
    });
    expect(setUp({ filters: [without('a'), without('b')], scorers: [scorer] }).select()).toBe('c');
    expect(seen).toEqual([['c']]);
    expect(setUp({ filters: ['a', 'b', 'c'].map(without), scorers: [scorer] }).select()).toBeUndefined();
  });

  it('lets a picker decide', () => {
    const worst = {
      name: 'worst',
      pick: (_: unknown, scores: readonly number[]) => scores.indexOf(Math.min(...scores)),
    };
    expect(setUp({ scorers: [ratings(0.4, 0.9, 0.6)], picker: worst }).select()).toBe('a');
  });

  it('explains by term, and keeps scorers of one name apart', () => {
    const { policy } = setUp({
      scorers: [ratings(0.2, 0.4, 0.6), ratings(1, 0, undefined), ratings(1, 1, 0)],
    });
    expect(policy.explain?.(all, request)[0]).toEqual({
      endpoint: 'a',
      score: 0.6,
      terms: { given: 0.2, 'given 3': 1 },
    });
  });

  it('refuses options that are no filters, scorers, weights or pickers, naming which', () => {
    const good = ratings(1);
    const bad: [unknown, RegExp][] = [
      [undefined, /scored\.scorers/],
      [{ scorers: [] }, /scored\.scorers/],
      [{ scorers: good }, /scored\.scorers/],
      [{ scorers: [good, {}] }, /scored\.scorers\[1\]/],
      [{ scorers: [null] }, /scored\.scorers\[0\]/],
      [{ scorers: [{ scorer: good, weight: -1 }] }, /scored\.scorers\[0\]\.weight/],
      [{ scorers: [{ scorer: good, weight: Number.NaN }] }, /scored\.scorers\[0\]\.weight/],
      [{ scorers: [good], filters: [{}] }, /scored\.filters\[0\]/],
      [{ scorers: [good], filters: good }, /scored\.filters/],
      [{ scorers: [good], picker: () => 0 }, /scored\.picker/],
      [{ scorers: [good], filter: [] }, /scored\.filter\b/],
    ];
    for (const [options, message] of bad) {
      expect(() => scored(options as ScoredOptions)).toThrow(InvalidOptionError);
      expect(() => scored(options as ScoredOptions)).toThrow(message);
    }
  });
});
