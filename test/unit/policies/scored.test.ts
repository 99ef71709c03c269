import { describe, expect, it } from 'vitest';
import type { ScorerFailure } from '../../../src/core/policy.js';
import type { EndpointScorer, Filter, Scorer } from '../../../src/core/scoring.js';
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
  const reports: ScorerFailure[] = [];
  const context = {
    random: seededRandom(1),
    now: () => 0,
    report: (report: ScorerFailure) => reports.push(report),
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
    const { select, scores } = setUp({ scorers: [() => undefined] });
    expect(scores()).toEqual([0.5, 0.5, 0.5]);
    const chosen = new Set(Array.from({ length: 100 }, () => select()));
    expect(chosen).toEqual(new Set(['a', 'b', 'c']));
  });

  it('rates an endpoint neutral for which a scorer gives no finite number', () => {
    for (const [bad, words] of [
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      ['1', 'a value of type string'],
      [null, 'a value of type object'],
      [Promise.resolve(1), 'a value of type object'],
    ]) {
      const { select, scores, reports } = setUp({ scorers: [ratings(0.4, bad, 0.6)] });
      expect(scores()).toEqual([0.4, 0.5, 0.6]);
      expect(select()).toBe('c');
      expect(reports).toEqual([
        { type: 'scorer-failed', scorer: 'given', endpoint: 'b', problem: `gave ${words}` },
      ]);
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
    for (const [scorer, problem] of [
      [throwing, 'broken'],
      [ratings(1, 1), 'gave 2 ratings for 3 endpoints'],
      [ratings(), 'gave 0 ratings for 3 endpoints'],
      [{ name: 'given', score: () => 7 as never }, 'gave 7 instead of a list'],
      [{ name: 'given', score: () => null as never }, 'gave a value of type object instead of a list'],
    ] as const) {
      const { select, scores, reports } = setUp({ scorers: [scorer, ratings(0, 0, 1)] });
      expect(scores()).toEqual([0.25, 0.25, 0.75]);
      expect(select()).toBe('c');
      expect(reports).toEqual([{ type: 'scorer-failed', scorer: 'given', endpoint: undefined, problem }]);
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

  it('leaves a scorer that is slow three times in a row out, for a hundred times as long as it took', () => {
    let time = 0;
    const asked: number[] = [];
    const slow: Scorer = {
      name: 'slow',
      score: (candidates) => {
        asked.push(time);
        time += 35;
        return candidates.map(({ id }) => (id === 'b' ? 1 : 0));
      },
    };
    const reports: ScorerFailure[] = [];
    const policy = scored({ scorers: [slow, ratings(0, 0, 0.5)] });
    const context = {
      random: seededRandom(1),
      now: () => time,
      report: (report: ScorerFailure) => reports.push(report),
    };
    const select = () => policy.select(all, request, context)?.id;
    for (let turn = 0; turn < 3; turn++) expect(select()).toBe('b');
    for (let turn = 0; turn < 10; turn++) expect(select()).toBe('c');
    time = 3 * 35 + 3_499;
    expect(select()).toBe('c');
    time++;
    expect(select()).toBe('b');
    expect(select()).toBe('c');
    expect(asked).toEqual([0, 35, 70, 3_605]);
    expect(reports).toEqual([
      {
        type: 'scorer-failed',
        scorer: 'slow',
        endpoint: undefined,
        problem: 'took 35 ms, and is left out for 100 times as long',
      },
    ]);
  });

  it('does not hold it against a scorer that the process was stopped in the middle of it, now and then', () => {
    let time = 0;
    const reports: ScorerFailure[] = [];
    let picks = 0;
    const policy = scored({
      scorers: [
        () => {
          if (picks++ % 3 !== 0) time += 500;
          return 1;
        },
      ],
    });
    const context = {
      random: () => 0,
      now: () => time,
      report: (report: ScorerFailure) => reports.push(report),
    };
    for (let turn = 0; turn < 30; turn++) policy.select([a], request, context);
    expect([picks, reports]).toEqual([30, []]);
  });

  it('tells scorers where the pick fell, whatever they make of it', () => {
    const told: string[] = [];
    const remembers: Scorer = {
      name: 'remembers',
      score: () => [0, 1, 0],
      picked: (endpoint) => told.push(endpoint.id),
    };
    const forgetful: Scorer = {
      name: 'forgetful',
      score: () => [0, 1, 0],
      picked: () => {
        throw new Error('what was it?');
      },
    };
    const { policy, select, reports } = setUp({ scorers: [remembers, forgetful] });
    policy.explain?.(all, request);
    expect(told).toEqual([]);
    expect(select()).toBe('b');
    expect(told).toEqual(['b']);
    expect(reports).toEqual([
      { type: 'scorer-failed', scorer: 'forgetful', endpoint: 'b', problem: 'what was it?' },
    ]);
  });

  it('tells those scorers what becomes of attempts that want to know, and reports the one that fails at it', () => {
    const heard: unknown[] = [];
    const learning: Scorer = {
      ...ratings(1, 0, 0),
      name: 'learning',
      follow: ({ endpoint }) => {
        heard.push(endpoint.id);
        return {
          answering: (now, streamed) => heard.push(['answering', now, streamed]),
          settled: (result) => heard.push(['settled', result.now]),
        };
      },
    };
    const failing: Scorer = {
      ...ratings(1, 0, 0),
      name: 'failing',
      follow: () => ({
        answering: () => {
          throw new Error('too late');
        },
        settled: () => {},
      }),
    };
    const silent: Scorer = { ...ratings(1, 0, 0), follow: () => undefined };
    const { policy, select, reports } = setUp({ scorers: [failing, learning, silent, () => 1] });
    expect(select()).toBe('a');
    const follower = policy.follow?.({ endpoint: a, request, now: 5 });
    follower?.answering(7, true);
    follower?.settled({ outcome: { kind: 'success' }, now: 9, tokens: 3, tokenInterval: undefined });
    expect(heard).toEqual(['a', ['answering', 7, true], ['settled', 9]]);
    expect(reports).toEqual([
      { type: 'scorer-failed', scorer: 'failing', endpoint: 'a', problem: 'too late' },
    ]);
  });

  it('follows no attempts where no scorer does', () => {
    expect(setUp({ scorers: [ratings(1, 0, 0), () => 1] }).policy.follow).toBeUndefined();
  });

  it('hands filters and scorers the time and the randomness of the balancer', () => {
    const times: (number | undefined)[] = [];
    const filter: Filter = {
      name: 'noting',
      keep: (candidates, _request, context) => {
        times.push(context?.now());
        return candidates;
      },
    };
    const scorer: Scorer = {
      name: 'noting',
      score: (candidates, _request, context) => {
        times.push(context?.now());
        return candidates.map(() => 1);
      },
    };
    setUp({ filters: [filter], scorers: [scorer] }).select();
    expect(times).toEqual([0, 0]);
  });

  it('tells the balancer which part of a prompt is left to compute, as the best informed scorer knows it', () => {
    const knowing = (tokens: number): Scorer => ({ ...ratings(1, 0, 0), cached: () => tokens });
    const { policy } = setUp({ scorers: [ratings(1, 0, 0), knowing(30), knowing(70), () => 1] });
    expect(policy.promptWork?.(a, fakeRequest({ promptTokens: 100 }))).toBe(30);
  });

  it('has scorers of its own when it is given none, which know queues, caches and prompts', () => {
    const fresh = { observedAt: 0, ownOutstanding: 0 };
    const busy = fakeEndpoint('busy', { outstanding: 4, load: { ...fresh, waiting: 3, kvCacheUsage: 0.9 } });
    const idle = fakeEndpoint('idle', { outstanding: 4, load: { ...fresh, waiting: 0, kvCacheUsage: 0.2 } });
    const policy = scored();
    expect(policy.select([busy, idle], request)).toBe(idle);
    const [one] = policy.explain?.([busy, idle], fakeRequest({ promptBlocks: () => [1, 2] })) ?? [];
    expect(Object.keys(one?.terms ?? {})).toEqual([
      'prefix-affinity',
      'outstanding',
      'queue-depth',
      'kv-cache',
    ]);
  });

  it('counts a prompt by default for no time to read it where it was sent before', () => {
    const known = { prefillRate: 1_000 };
    const [holder, other] = [fakeEndpoint('holder', known), fakeEndpoint('other', known)];
    const policy = scored();
    const prompt = fakeRequest({ promptTokens: 4_000, promptBlocks: () => [1, 2, 3, 4] });
    policy.select([holder], prompt);
    const again = fakeRequest({ promptTokens: 4_000, promptBlocks: () => [1, 2, 3, 4] });
    const rated = policy.explain?.([holder, other], again).map(({ terms }) => terms?.['pending-prefill']);
    // 50 ms, that nobody sees, against 4 s and those.
    expect(rated).toEqual([1, expect.closeTo(0.05 / 4.05, 9)]);
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
    expect(seen).toHaveLength(1);
  });

  it('lets a picker decide', () => {
    const worst = {
      name: 'worst',
      pick: (_: unknown, scores: readonly number[]) => scores.indexOf(Math.min(...scores)),
    };
    expect(setUp({ scorers: [ratings(0.4, 0.9, 0.6)], picker: worst }).select()).toBe('a');
  });

  it('refuses a request for which the picker takes none, and tells its scorers of no pick', () => {
    const told: unknown[] = [];
    const { select, reports } = setUp({
      scorers: [{ ...ratings(1, 1, 1), picked: (endpoint) => told.push(endpoint) }],
      picker: { name: 'none', pick: () => -1 },
    });
    expect(select()).toBeUndefined();
    expect([told, reports]).toEqual([[], []]);
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

  it('explains a function without a name as a scorer', () => {
    const { policy } = setUp({ scorers: [() => 0.25, () => 0.75] });
    expect(policy.explain?.([a], request)[0]?.terms).toEqual({ scorer: 0.25, 'scorer 2': 0.75 });
  });

  it('refuses options that are no filters, scorers, weights or pickers, naming which', () => {
    const good = ratings(1);
    const bad: [unknown, string, string][] = [
      [null, 'scored', 'must be an object'],
      [{ scorers: [] }, 'scored.scorers', 'must hold at least one scorer'],
      [{ scorers: good }, 'scored.scorers', 'must be an array'],
      [{ scorers: [good, {}] }, 'scored.scorers[1]', 'must be a scorer'],
      [{ scorers: [null] }, 'scored.scorers[0]', 'must be a scorer'],
      [{ scorers: ['outstanding'] }, 'scored.scorers[0]', 'must be a scorer'],
      [
        { scorers: [{ scorer: good, weight: -1 }] },
        'scored.scorers[0].weight',
        'must be a finite number, above 0',
      ],
      [
        { scorers: [{ scorer: good, weight: Number.NaN }] },
        'scored.scorers[0].weight',
        'must be a finite number, above 0',
      ],
      [{ scorers: [good], filters: [{}] }, 'scored.filters[0]', 'must be a filter'],
      [{ scorers: [good], filters: [null] }, 'scored.filters[0]', 'must be a filter'],
      [{ scorers: [good], filters: good }, 'scored.filters', 'must be an array'],
      [{ scorers: [good], picker: () => 0 }, 'scored.picker', 'must be a picker'],
      [{ scorers: [good], picker: null }, 'scored.picker', 'must be a picker'],
      [{ scorers: [good], filter: [] }, 'scored.filter', 'is not known (known: filters, scorers, picker)'],
    ];
    for (const [options, option, rule] of bad)
      expect(() => scored(options as ScoredOptions)).toThrow(
        expect.objectContaining({ constructor: InvalidOptionError, option, rule }),
      );
  });
});
