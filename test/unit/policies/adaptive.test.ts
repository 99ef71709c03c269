import { describe, expect, it } from 'vitest';
import type { InferenceRequest } from '../../../src/core/inference-request.js';
import type { LoadReport } from '../../../src/core/load-report.js';
import type { Outcome } from '../../../src/core/outcome.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { type AdaptiveOptions, adaptive } from '../../../src/policies/adaptive.js';
import { type FakeEndpoint, fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const SUCCESS: Outcome = { kind: 'success' };
const FAULT: Outcome = { kind: 'fault', reason: 'reset', status: undefined, sent: true, error: undefined };
const GIVEN_UP: Outcome = { kind: 'neutral', reason: 'caller-left' };

/** A policy in virtual time, and servers whose answers the test makes up. */
function setUp(options: AdaptiveOptions = { explore: 0 }) {
  const clock = manualClock();
  const policy = adaptive(options);
  const context = { random: seededRandom(1), now: () => clock.now(), report: () => {} };
  const send = (endpoint: FakeEndpoint, promptTokens: number, fields: Partial<InferenceRequest> = {}) => {
    const request = fakeRequest({ promptTokens, ...fields });
    const follower = policy.follow?.({ endpoint, request, now: clock.now() });
    endpoint.outstanding++;
    return {
      answer: () => follower?.answering(clock.now(), request.streaming),
      end(outcome: Outcome = SUCCESS, { tokens }: { tokens?: number } = { tokens: 100 }) {
        endpoint.outstanding--;
        follower?.settled({ outcome, now: clock.now(), tokens, tokenInterval: undefined });
      },
    };
  };
  return {
    clock,
    send,
    /** Rounds of six short prompts, of which four have a slot; the others wait until the first have ended. */
    teachFourSlots(endpoint: FakeEndpoint) {
      for (let round = 0; round < 30; round++) {
        const attempts = Array.from({ length: 6 }, () => send(endpoint, 100));
        for (const attempt of attempts.slice(0, 4)) {
          clock.advance(16);
          attempt.answer();
        }
        clock.advance(2000);
        for (const attempt of attempts.slice(0, 4)) attempt.end();
        for (const attempt of attempts.slice(4)) {
          clock.advance(16);
          attempt.answer();
          attempt.end();
        }
      }
    },
    /** Prompts one after the other, each answered after `perToken` ms a token. */
    teach(endpoint: FakeEndpoint, perToken: number, prompts = 20, fields?: Partial<InferenceRequest>) {
      for (let turn = 0; turn < prompts; turn++) {
        const prompt = 1000 + 100 * (turn % 5);
        const attempt = send(endpoint, prompt, fields);
        clock.advance((prompt + 64) * perToken);
        attempt.answer();
        attempt.end();
      }
    },
    select: (endpoints: readonly FakeEndpoint[], promptTokens: number, fields?: Partial<InferenceRequest>) =>
      policy.select(endpoints, fakeRequest({ promptTokens, ...fields }), context)?.id,
    explain: (endpoint: FakeEndpoint, promptTokens: number, among = [endpoint]) => {
      const explained = policy.explain?.(among, fakeRequest({ promptTokens }), context) ?? [];
      const { score, terms = {} } = explained.find((one) => one.endpoint === endpoint.id) ?? {};
      const { backlog, prompt, late, room, decode } = terms;
      return { score, backlog, prompt, late, room, decode };
    },
  };
}

function load(fields: Partial<LoadReport>): LoadReport {
  return { observedAt: 0, ownOutstanding: 0, ...fields };
}

describe('adaptive', () => {
  it('sends a long prompt to the fast endpoint although it is busy, and a short one to the slow one that is idle', () => {
    const { teach, send, select, explain } = setUp();
    const [a100, t4] = [fakeEndpoint('a100'), fakeEndpoint('t4')];
    teach(a100, 1 / 7.4);
    teach(t4, 1 / 0.8);
    send(a100, 8000);
    expect(explain(a100, 2000).score).toBeCloseTo((8000 + 2064) / 7.4, 3);
    expect(explain(t4, 2000).score).toBeCloseTo(2064 / 0.8, 3);
    expect(select([a100, t4], 2000)).toBe('a100');
    expect(select([a100, t4], 200)).toBe('t4');
  });

  it('counts the prompts before a request, and of the first in line what is left', () => {
    const { clock, teach, send, explain } = setUp();
    const endpoint = fakeEndpoint('one');
    teach(endpoint, 1);
    const first = send(endpoint, 3000);
    const second = send(endpoint, 2000);
    expect(explain(endpoint, 1000).backlog).toBeCloseTo(5000, 3);
    clock.advance(1000);
    expect(explain(endpoint, 1000).backlog).toBeCloseTo(4000, 3);
    clock.advance(2000);
    first.answer();
    expect(explain(endpoint, 1000).backlog).toBeCloseTo(2000, 3);
    second.end(GIVEN_UP);
    expect(explain(endpoint, 1000).backlog).toBe(0);
  });

  it('takes as late, right away, an endpoint whose first in line should have been answered long ago', () => {
    const { clock, teach, send, select, explain } = setUp();
    const [stuck, slow] = [fakeEndpoint('stuck'), fakeEndpoint('slow')];
    teach(stuck, 1);
    teach(slow, 3);
    send(stuck, 1000);
    expect(select([stuck, slow], 1000)).toBe('stuck');
    clock.advance(6000);
    expect(explain(stuck, 1000).late).toBeCloseTo(5000, 3);
    expect(select([stuck, slow], 1000)).toBe('slow');
  });

  it('believes within a dozen first tokens, for prompts like those, that a card has become three times slower, and when it has recovered', () => {
    const { teach, select } = setUp();
    const [card, other] = [fakeEndpoint('card'), fakeEndpoint('other')];
    teach(card, 1, 40);
    teach(other, 2, 40);
    expect(select([card, other], 1000)).toBe('card');
    teach(card, 3, 12);
    expect(select([card, other], 1000)).toBe('other');
    teach(card, 1, 20);
    expect(select([card, other], 1000)).toBe('card');
  });

  it('does not take for fast what fails fast', () => {
    const { clock, teach, send, select } = setUp();
    const [broken, sound] = [fakeEndpoint('broken'), fakeEndpoint('sound')];
    teach(broken, 1);
    teach(sound, 1.2);
    expect(select([broken, sound], 1000)).toBe('broken');
    for (let turn = 0; turn < 3; turn++) {
      const attempt = send(broken, 1000);
      clock.advance(1);
      attempt.end(FAULT);
    }
    expect(select([broken, sound], 1000)).toBe('sound');
  });

  it('learns from callers who lose patience that an endpoint is late, and nothing from those who leave early', () => {
    const { clock, teach, send, explain } = setUp();
    const endpoint = fakeEndpoint('one');
    teach(endpoint, 1);
    const early = send(endpoint, 1000);
    clock.advance(10);
    early.end(GIVEN_UP);
    expect(explain(endpoint, 1000).late).toBeCloseTo(0, 3);
    const patient = send(endpoint, 1000);
    clock.advance(11_064);
    patient.end(GIVEN_UP);
    expect(explain(endpoint, 1000).late).toBeCloseTo(1000, 3);
  });

  it('finds out above how many requests first tokens wait for a slot', () => {
    const { teach, teachFourSlots, send, explain } = setUp();
    const endpoint = fakeEndpoint('four-slots');
    teach(endpoint, 0.1);
    teachFourSlots(endpoint);
    expect(explain(endpoint, 100).room).toBe(0);
    for (let turn = 0; turn < 6; turn++) send(endpoint, 100);
    expect(explain(endpoint, 100).room).toBeGreaterThan(300);
  });

  it('expects answers as long as those that were given in full lately, where requests wait for tokens to be let go', () => {
    const { teachFourSlots, send, explain } = setUp();
    const [endpoint, elsewhere] = [fakeEndpoint('four-slots'), fakeEndpoint('elsewhere')];
    teachFourSlots(endpoint);
    for (let turn = 0; turn < 5; turn++) send(endpoint, 100);
    const room = explain(endpoint, 100).room ?? Number.NaN;
    expect(room).toBeGreaterThan(0);
    for (let turn = 0; turn < 20; turn++) {
      send(elsewhere, 100).end(FAULT, { tokens: 1_000 });
      send(elsewhere, 100).end(SUCCESS, {});
    }
    expect(explain(endpoint, 100).room).toBe(room);
    for (let turn = 0; turn < 20; turn++) send(elsewhere, 100).end(SUCCESS, { tokens: 1_000 });
    expect(explain(endpoint, 100).room).toBeGreaterThan(1.2 * room);
  });

  it('counts a hundredth of the time that streams last there, and more of it the more of them there are', () => {
    const { clock, teach, send, explain } = setUp();
    const endpoint = fakeEndpoint('one');
    const stream = (lasting: number, outcome?: Outcome) => {
      const attempt = send(endpoint, 1_000);
      clock.advance(1_064);
      attempt.answer();
      clock.advance(lasting);
      attempt.end(outcome);
      return explain(endpoint, 100).decode;
    };
    teach(endpoint, 1, 1);
    expect(explain(endpoint, 100).decode).toBe(0);
    // The first lasted no time; a later one counts a twentieth.
    expect(stream(40_000)).toBeCloseTo(20, 9);
    expect(stream(80_000, FAULT)).toBeCloseTo(20, 9);
    expect(stream(0)).toBeCloseTo(19, 9);
    send(endpoint, 1_000);
    expect(explain(endpoint, 100).decode).toBeCloseTo(19 * 1.5, 9);
  });

  it('of two that are equally soon, takes the one where streams last less', () => {
    const { clock, teach, send, select } = setUp();
    const [brisk, slow] = [fakeEndpoint('brisk'), fakeEndpoint('slow')];
    for (const endpoint of [brisk, slow]) {
      teach(endpoint, 1);
      const attempt = send(endpoint, 1000);
      clock.advance(1064);
      attempt.answer();
      clock.advance(endpoint === slow ? 60_000 : 20_000);
      attempt.end();
    }
    for (let turn = 0; turn < 20; turn++) expect(select([brisk, slow], 1000)).toBe('brisk');
  });

  it('takes for late what is turned away as busy, as it takes what fails', () => {
    const { send, teach, explain } = setUp();
    for (const outcome of [FAULT, { kind: 'overloaded', status: 429, retryAfter: undefined } as Outcome]) {
      const endpoint = fakeEndpoint('one');
      teach(endpoint, 1, 1);
      send(endpoint, 1_000).end(outcome);
      // A second at least, of which a tenth is believed.
      expect(explain(endpoint, 1_000).late).toBeCloseTo(100, 9);
    }
  });

  it('gives a newcomer one request, and the next when that has been answered or others are busy', () => {
    const { clock, teach, send, select } = setUp();
    const [old, fresh] = [fakeEndpoint('old'), fakeEndpoint('fresh')];
    teach(old, 1);
    send(old, 1000);
    expect(select([old, fresh], 1000)).toBe('fresh');
    const first = send(fresh, 1000);
    for (let turn = 0; turn < 20; turn++) expect(select([old, fresh], 1000)).toBe('old');
    clock.advance(500);
    first.answer();
    first.end();
    expect(select([old, fresh], 1000)).toBe('fresh');
  });

  it('tries what it does not know with small prompts, at the rate asked for', () => {
    const { teach, select } = setUp({ explore: 0.5 });
    const [known, fresh] = [fakeEndpoint('known', { weight: 100 }), fakeEndpoint('fresh')];
    teach(known, 0.01, 40);
    const picks = (prompt: number) =>
      Array.from({ length: 200 }, () => select([known, fresh], prompt)).filter((id) => id === 'fresh').length;
    expect(picks(500)).toBeGreaterThan(70);
    expect(picks(500)).toBeLessThan(130);
    expect(picks(5000)).toBe(0);
  });

  it('makes one experiment at a time with an endpoint, and none where it knows as little of all', () => {
    const { clock, teach, send, select } = setUp({ explore: 1 });
    const [known, slow, fresh] = [
      fakeEndpoint('known', { weight: 100 }),
      fakeEndpoint('slow', { weight: 100 }),
      fakeEndpoint('fresh'),
    ];
    teach(known, 0.01, 40);
    teach(slow, 0.1, 40);
    expect(select([known, fresh], 500)).toBe('fresh');
    send(fresh, 500);
    expect(select([known, fresh], 500)).toBe('known');
    // Nothing new of either for a minute.
    clock.advance(61_000);
    for (let turn = 0; turn < 20; turn++) expect(select([known, slow], 500)).toBe('known');
  });

  it('makes no experiments when it is told not to, however the dice fall', () => {
    const policy = adaptive({ explore: 0 });
    const [known, fresh] = [fakeEndpoint('known', { weight: 100 }), fakeEndpoint('fresh')];
    const request = fakeRequest({ promptTokens: 936 });
    const follower = policy.follow?.({ endpoint: known, request, now: 0 });
    follower?.answering(10, true);
    follower?.settled({ outcome: SUCCESS, now: 10, tokens: 10, tokenInterval: undefined });
    const context = { random: () => 0, now: () => 10, report: () => {} };
    expect(policy.select([known, fresh], request, context)).toBe(known);
  });

  it('looks again, after a minute without news, at an idle endpoint that it takes for slow', () => {
    const { clock, teach, select } = setUp({ explore: 1 });
    const [fast, slow] = [fakeEndpoint('fast'), fakeEndpoint('slow')];
    teach(slow, 10);
    teach(fast, 0.1);
    expect(select([fast, slow], 500)).toBe('fast');
    clock.advance(61_000);
    teach(fast, 0.1, 1);
    expect(select([fast, slow], 500)).toBe('slow');
  });

  it('takes weights for how fast endpoints are as long as it has seen nothing else', () => {
    const { teach, select } = setUp();
    const [heavy, light] = [fakeEndpoint('heavy', { weight: 3 }), fakeEndpoint('light')];
    for (let turn = 0; turn < 20; turn++) expect(select([heavy, light], 1000)).toBe('heavy');
    teach(light, 0.1);
    teach(heavy, 1);
    expect(select([heavy, light], 1000)).toBe('light');
  });

  it('leaves what it knows to be slow for what it does not know, and stays with what it knows to be fast', () => {
    for (const [perToken, chosen] of [
      [2, 'unknown'],
      [0.02, 'known'],
    ] as const) {
      const { teach, select } = setUp();
      const [known, unknown] = [fakeEndpoint('known'), fakeEndpoint('unknown')];
      teach(known, perToken);
      for (let turn = 0; turn < 20; turn++) expect(select([known, unknown], 1000)).toBe(chosen);
    }
  });

  it('shuns what it does not know while requests of others wait there, if all endpoints tell', () => {
    const { teach, select, explain } = setUp();
    const [slow, unknown] = [fakeEndpoint('slow'), fakeEndpoint('unknown')];
    teach(slow, 2);
    slow.load = load({ running: 0, waiting: 0 });
    unknown.load = load({ running: 4, waiting: 0 });
    expect(select([slow, unknown], 1000)).toBe('unknown');
    unknown.load = load({ running: 4, waiting: 10 });
    expect(select([slow, unknown], 1000)).toBe('slow');
    slow.load = undefined;
    expect(explain(unknown, 1000, [slow, unknown]).backlog).toBe(0);
  });

  it('does not take one late first token, which others may have held up, for a lack of room', () => {
    const { clock, teach, send, explain } = setUp();
    const endpoint = fakeEndpoint('shared');
    teach(endpoint, 0.1, 40);
    for (let turn = 0; turn < 12; turn++) {
      const attempt = send(endpoint, 1400);
      clock.advance(turn === 0 ? 4000 : 146);
      attempt.answer();
      clock.advance(1000);
      attempt.end();
    }
    for (let turn = 0; turn < 3; turn++) send(endpoint, 1400);
    expect(explain(endpoint, 1400).room).toBe(0);
    expect(explain(endpoint, 1400).late).toBeGreaterThan(0);
  });

  it('goes by outstanding requests where it has learnt nothing', () => {
    const { select } = setUp();
    expect(select([fakeEndpoint('busy', { outstanding: 3 }), fakeEndpoint('idle')], 1000)).toBe('idle');
  });

  it('scales what it takes for other clients by how many of them the endpoints tell of, if all tell', () => {
    const { clock, teach, send, explain } = setUp();
    const [shared, silent] = [fakeEndpoint('shared'), fakeEndpoint('silent')];
    shared.load = load({ running: 9 });
    teach(shared, 1, 60);
    const late = send(shared, 1000);
    clock.advance(6064);
    late.answer();
    late.end();
    const usual = explain(shared, 1000).late ?? Number.NaN;
    expect(usual).toBeGreaterThan(450);
    shared.load = load({ running: 15, waiting: 4, ownOutstanding: 0 });
    expect((explain(shared, 1000).late ?? 0) / usual).toBeCloseTo(1.5, 1);
    shared.load = load({ running: 15, waiting: 4, ownOutstanding: 10 });
    expect((explain(shared, 1000).late ?? 0) / usual).toBeCloseTo(1, 1);
    for (const told of [{ running: 19 }, { waiting: 19 }]) {
      shared.load = load(told);
      expect((explain(shared, 1000).late ?? 0) / usual).toBeCloseTo(1.5, 1);
      // A load that says nothing of requests is no telling.
      for (const other of [undefined, load({ kvCacheUsage: 0.5 })]) {
        silent.load = other;
        expect((explain(shared, 1000, [shared, silent]).late ?? 0) / usual).toBeCloseTo(1, 1);
      }
    }
  });

  it('learns from answers that do not stream apart from streams', () => {
    const { teach, select } = setUp();
    const [one, other] = [fakeEndpoint('one'), fakeEndpoint('other')];
    teach(one, 1);
    teach(other, 2);
    teach(one, 20, 20, { streaming: false });
    teach(other, 10, 20, { streaming: false });
    expect(select([one, other], 1000)).toBe('one');
    expect(select([one, other], 1000, { streaming: false })).toBe('other');
  });

  it('goes back to where a prompt began before, unless prefixes are not watched', () => {
    const blocks = Array.from({ length: 10 }, (_, index) => index);
    const again = { promptBlocks: () => [...blocks, 10, 11] };
    for (const prefixes of [true, false]) {
      const { teach, select } = setUp({ explore: 0, prefixes });
      const [there, elsewhere] = [fakeEndpoint('there'), fakeEndpoint('elsewhere')];
      teach(elsewhere, 1);
      teach(there, 1.5);
      teach(there, 1.5, 1, { promptBlocks: () => blocks });
      expect(select([there, elsewhere], 6000)).toBe('elsewhere');
      expect(select([there, elsewhere], 6000, again)).toBe(prefixes ? 'there' : 'elsewhere');
    }
  });

  it('stops believing in a cache that does not make first tokens come sooner', () => {
    const { teach, select } = setUp();
    const [forgetful, other] = [fakeEndpoint('forgetful'), fakeEndpoint('other')];
    teach(other, 1);
    teach(forgetful, 1.5);
    const same = { promptBlocks: () => [1, 2, 3, 4] };
    teach(forgetful, 1.5, 1, same);
    expect(select([forgetful, other], 6000, same)).toBe('forgetful');
    teach(forgetful, 1.5, 30, same);
    expect(select([forgetful, other], 6000, same)).toBe('other');
  });

  it('places requests whose length nobody knows, and learns nothing from them', () => {
    const { teach, select } = setUp();
    const [fast, slow] = [fakeEndpoint('fast'), fakeEndpoint('slow')];
    teach(fast, 1);
    teach(slow, 2);
    for (let turn = 0; turn < 20; turn++) teach(slow, 0, 1, { promptTokens: 0 });
    expect(select([fast, slow], 0)).toBe('fast');
  });

  it('keeps an endpoint in slow start back', () => {
    const { teach, select } = setUp();
    const [warm, cold] = [fakeEndpoint('warm'), fakeEndpoint('cold')];
    teach(warm, 1);
    teach(cold, 0.5);
    expect(select([warm, cold], 1000)).toBe('cold');
    cold.slowStart = 0.1;
    expect(select([warm, cold], 1000)).toBe('warm');
  });

  it('takes a clock that stands still, and followers that hear the end only', () => {
    const { send, select } = setUp();
    const endpoint = fakeEndpoint('one');
    for (let turn = 0; turn < 50; turn++) {
      const attempt = send(endpoint, 1000);
      if (turn % 2 === 0) attempt.answer();
      attempt.end(turn % 3 === 0 ? FAULT : SUCCESS);
    }
    expect(select([endpoint, fakeEndpoint('other')], 1000)).toBeDefined();
  });

  it('never chooses an endpoint of weight 0, known or not, whatever the others have to do', () => {
    const { teach, send, select } = setUp({ explore: 1 });
    const [known, fresh] = [fakeEndpoint('known', { weight: 0 }), fakeEndpoint('fresh', { weight: 0 })];
    const [busy, idle] = [fakeEndpoint('busy'), fakeEndpoint('idle')];
    teach(known, 0.1);
    teach(busy, 10);
    for (let turn = 0; turn < 20; turn++) send(busy, 5_000);
    for (const prompt of [100, 5_000]) expect(select([known, fresh, busy], prompt)).toBe('busy');
    teach(idle, 20);
    expect(select([known, fresh, busy, idle], 5_000)).toBe('idle');
    expect(select([known, fresh], 100)).toBeUndefined();
  });

  it('takes an endpoint of which nothing is known for slower than the mean of the first guess and the known', () => {
    const { teach, explain } = setUp();
    const [fast, slow, fresh] = [fakeEndpoint('fast'), fakeEndpoint('slow'), fakeEndpoint('fresh')];
    const none = fakeEndpoint('none', { weight: 0 });
    const all = [fast, slow, fresh, none];
    expect(explain(fresh, 936, all).prompt).toBeCloseTo(1_000 / 4, 6);
    teach(none, 10, 1);
    teach(fast, 1);
    teach(slow, 5);
    const rate = Math.cbrt(4 * 1 * (1 / 5)) / 1.5;
    expect(explain(fresh, 936, all).prompt).toBeCloseTo(1_000 / rate, 6);
    const heavy = fakeEndpoint('heavy', { weight: 2, outstanding: 3 });
    const { prompt = 0, backlog } = explain(heavy, 936, [...all, heavy]);
    // Twice the weight, and a stake of three requests there.
    expect(prompt).toBeCloseTo(1_000 / ((2 * rate) / (1 + 0.5 * 3)), 6);
    // Three requests of the mean length, which is somewhat above the thousand it began with.
    expect(backlog).toBeGreaterThan(3 * prompt);
    expect(backlog).toBeLessThan((3 * 1_200 * 5) / 2);
  });

  it('expects of an endpoint of which nothing is known streams as long as at the slowest of the known', () => {
    const { clock, send, explain } = setUp();
    const [slow, brisk, fresh] = [fakeEndpoint('slow'), fakeEndpoint('brisk'), fakeEndpoint('fresh')];
    for (const endpoint of [slow, brisk]) {
      const attempt = send(endpoint, 1000);
      clock.advance(1064);
      attempt.answer();
      clock.advance(endpoint === slow ? 60_000 : 20_000);
      attempt.end();
    }
    expect(explain(fresh, 1000, [slow, brisk, fresh]).decode).toBeCloseTo(600, 6);
  });

  it('forgets of prompts what the cache, by its size in tokens, has no room for', () => {
    const policy = adaptive();
    const endpoint = fakeEndpoint('one', { load: load({ kvCacheTokens: 10_000 }) });
    const prompt = (first: number) =>
      fakeRequest({ promptTokens: 4_000, promptBlocks: () => [first, first + 1, first + 2, first + 3] });
    const left = () => [10, 20, 30].map((first) => policy.promptWork?.(endpoint, prompt(first)));
    for (const first of [10, 20]) policy.follow?.({ endpoint, request: prompt(first), now: 0 });
    expect(left()).toEqual([0, 0, 4_000]);
    policy.follow?.({ endpoint, request: prompt(30), now: 0 });
    expect(left()).toEqual([2_000, 0, 0]);
  });

  it('tells which part of a prompt is left to compute', () => {
    const policy = adaptive();
    const endpoint = fakeEndpoint('one');
    const request = fakeRequest({ promptTokens: 1_000, promptBlocks: () => [1, 2, 3, 4] });
    expect(policy.promptWork?.(endpoint, request)).toBe(1_000);
    policy.follow?.({ endpoint, request, now: 0 });
    expect(policy.promptWork?.(endpoint, request)).toBe(0);
    const other = fakeRequest({ promptTokens: 1_000, promptBlocks: () => [1, 2, 3, 9] });
    expect(policy.promptWork?.(endpoint, other)).toBe(250);
  });

  it('does not take for prompts what has no length, and does not follow it', () => {
    const policy = adaptive();
    for (const promptTokens of [0, Number.NaN])
      expect(
        policy.follow?.({ endpoint: fakeEndpoint('one'), request: fakeRequest({ promptTokens }), now: 0 }),
      ).toBeUndefined();
  });

  it('learns nothing from an answer of another kind than was asked for', () => {
    const policy = adaptive();
    const endpoint = fakeEndpoint('one');
    const request = fakeRequest({ promptTokens: 936, streaming: true });
    const context = { random: seededRandom(1), now: () => 1_000, report: () => {} };
    const prompt = () => policy.explain?.([endpoint], request, context)[0]?.terms?.prompt;
    const answered = (streamed: boolean) => {
      const follower = policy.follow?.({ endpoint, request, now: 0 });
      follower?.answering(2_000, streamed);
      follower?.settled({ outcome: SUCCESS, now: 2_000, tokens: 10, tokenInterval: undefined });
    };
    answered(false);
    expect(prompt()).toBeCloseTo(1_000 / 4, 6);
    answered(true);
    expect(prompt()).toBeCloseTo(2_000, 6);
  });

  it.each<[object, string, string]>([
    [{ explore: 1.5 }, 'adaptive.explore', 'must be a finite number, at least 0 and at most 1'],
    [{ explore: -0.1 }, 'adaptive.explore', 'must be a finite number, at least 0 and at most 1'],
    [{ explore: Number.NaN }, 'adaptive.explore', 'must be a finite number, at least 0 and at most 1'],
    [{ prefixes: 1 }, 'adaptive.prefixes', 'must be true or false'],
    [{ expolre: 0.1 }, 'adaptive.expolre', 'is not known (known: explore, prefixes)'],
  ])('refuses %j', (options, option, rule) => {
    expect(() => adaptive(options)).toThrow(
      expect.objectContaining({ constructor: InvalidOptionError, option, rule }),
    );
  });
});
