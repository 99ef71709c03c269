import { expect, it } from 'vitest';
import type { Outcome } from '../../../../src/core/outcome.js';
import type { PrefillWork } from '../../../../src/core/prefix-index.js';
import { EndpointMemory } from '../../../../src/policies/adaptive/endpoint-memory.js';

/** Prompt tokens a ms, of every endpoint here. */
const RATE = 10;
/** Milliseconds of every stream after its first token. */
const LASTING = 2_000;
const GIVEN_UP: Outcome = { kind: 'neutral', reason: 'caller-left' };

/** What is learnt of an endpoint whose answers the test makes up. */
function setUp() {
  const memory = new EndpointMemory();
  const heard: PrefillWork[] = [];
  let now = 0;
  const send = (prompt: number) => {
    const follower = memory.follow(
      { prompt, cached: 0, output: 100 },
      { at: now, guess: 4, others: undefined, worked: (work) => heard.push(work) },
    );
    return {
      answer: () => follower.answering(now, true),
      end: (outcome: Outcome = { kind: 'success' }) =>
        follower.settled({ outcome, now, tokens: undefined, tokenInterval: undefined }),
    };
  };
  const advance = (ms: number) => {
    now += ms;
  };
  /** Prompts that are there already, answered one after the other, as their lengths say; the streams run side by side. */
  const serve = (prompt: number, attempts: readonly ReturnType<typeof send>[]) => {
    const step = prompt / RATE;
    advance(64 / RATE);
    for (const { answer } of attempts) {
      advance(step);
      answer();
    }
    advance(LASTING - step * attempts.length);
    for (const { end } of attempts) {
      advance(step);
      end();
    }
  };
  return {
    heard,
    send,
    advance,
    serve,
    alone: (prompt: number) => serve(prompt, [send(prompt)]),
    terms: (prompt: number, output = 100) =>
      memory.terms({ prompt, cached: 0, output }, RATE, now, undefined),
    rate: () => memory.rate.value,
  };
}

it('EndpointMemory tells what was before a prompt and what could be computed until its first token, once it knows the rate', () => {
  const { heard, send, advance, alone } = setUp();
  alone(936);
  expect(heard).toEqual([]);
  const [first, second] = [send(936), send(600)];
  advance(100);
  first.answer();
  advance(70);
  second.answer();
  expect(heard).toEqual([
    { before: 0, computed: 936 },
    { before: 936, computed: 1_636 },
  ]);
});

it('makes requests wait for one of the slots, where the number of requests explains what came late', () => {
  const { send, serve, alone, terms, rate } = setUp();
  // Many tokens in time, so that it cannot be them.
  for (let turn = 0; turn < 2; turn++) alone(100_000);
  for (let round = 0; round < 20; round++) {
    const attempts = Array.from({ length: 6 }, () => send(100));
    for (let index = 0; index < 6; index += 2) serve(100, attempts.slice(index, index + 2));
  }
  expect(terms(100).room).toBe(0);
  send(100);
  expect(terms(100).room).toBe(0);
  for (let turn = 0; turn < 3; turn++) send(100);
  // Two have a slot; of four that are there, three have to end: three quarters of the time that one lasts.
  expect(terms(100).room).toBeCloseTo(0.75 * LASTING, -2);
  send(100);
  expect(terms(100).room).toBeCloseTo(0.8 * LASTING, -2);
  expect(terms(100_000).room).toBe(terms(100).room);
  // What waited for a slot says nothing of how fast prompts are computed.
  expect(rate()).toBeCloseTo(RATE, 6);
});

it('makes requests wait for tokens to be let go, where those explain what came late and the number does not', () => {
  const { send, serve, alone, terms } = setUp();
  alone(100);
  for (let round = 0; round < 20; round++) {
    serve(
      100,
      Array.from({ length: 8 }, () => send(100)),
    );
    const pair = [send(10_000), send(10_000)];
    for (const attempt of pair) serve(10_000, [attempt]);
  }
  send(5_000);
  expect(terms(100).room).toBe(0);
  const { room } = terms(8_000);
  expect(room).toBeGreaterThan(0);
  // The tokens that are there, with those of the answer, are let go within the time that a stream lasts.
  expect(terms(9_000).room - room).toBeCloseTo((1_000 / 5_100) * LASTING, 6);
  expect(terms(8_000, 600).room - room).toBeCloseTo((500 / 5_100) * LASTING, 6);
  expect(terms(90_000).room).toBeCloseTo(LASTING, 6);
  const other = send(3_000);
  expect(terms(8_000).room).toBeGreaterThan(room);
  other.end(GIVEN_UP);
  expect(terms(8_000).room).toBe(room);
});

it('goes by the tokens where they explain what came late as well as the number does', () => {
  const { send, serve, alone, terms } = setUp();
  alone(900);
  for (let round = 0; round < 20; round++) {
    const pair = [send(900), send(900)];
    for (const attempt of pair) serve(900, [attempt]);
  }
  send(900);
  // A thousand tokens have room: a tenth too much, of those that are there.
  expect(terms(100, 0).room).toBeCloseTo(0.1 * LASTING, -2);
});

it('takes first tokens that come late at a load far below the usual for a slower endpoint', () => {
  const { send, serve, advance, alone, rate } = setUp();
  alone(10_000);
  serve(
    10_000,
    Array.from({ length: 4 }, () => send(10_000)),
  );
  expect(rate()).toBeCloseTo(RATE, 6);
  for (let turn = 0; turn < 32; turn++) {
    const { answer, end } = send(10_000);
    advance((3 * 10_064) / RATE);
    answer();
    end();
  }
  expect(rate()).toBeCloseTo(RATE / 3, 6);
});

it('does not take for late what ended well, or was refused for what it is, without a word of its first token', () => {
  const { send, advance, alone, terms } = setUp();
  alone(936);
  for (const outcome of [{ kind: 'success' }, { kind: 'rejected', status: 400 }] as const) {
    const { end } = send(936);
    advance(60_000);
    end(outcome);
    expect(terms(936).late).toBe(0);
  }
});
