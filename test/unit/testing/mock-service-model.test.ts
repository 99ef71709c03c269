import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import {
  type MockServiceOptions,
  ServiceModel,
  type StepResult,
  serviceSettings,
} from '../../../src/testing/mock/service-model.js';
import { MockLlmServer } from '../../../src/testing/mock-llm-server.js';
import { get, post, RawCall } from '../../support/raw-call.js';

/** A model in virtual time, and a note of when each sequence got each token. */
function rig(options: MockServiceOptions) {
  const clock = manualClock();
  const model = new ServiceModel(serviceSettings(options), clock);
  const times: Record<string, number[]> = {};
  const submit = (name: string, promptTokens: number, steps: number, result: StepResult = 'advance') => {
    const got: number[] = [];
    times[name] = got;
    return model.submit({
      promptTokens,
      steps,
      emit: () => {
        got.push(clock.now());
        return result;
      },
    });
  };
  return { clock, model, submit, times };
}

describe('the service model', () => {
  it('takes prompt / prefillRate to the first token, and a step for each further one', async () => {
    const { clock, submit, times } = rig({ prefillRate: 1000, stepTime: 9, stepTimePerSequence: 1 });
    submit('a', 200, 4);
    await clock.advanceAsync(1000);
    expect(times.a).toEqual([200, 210, 220, 230]);
  });

  it('decodes more slowly the more sequences share a step', async () => {
    const { clock, submit, times } = rig({ stepTime: 10, stepTimePerSequence: 5 });
    for (const name of ['a', 'b', 'c']) submit(name, 0, 3);
    await clock.advanceAsync(1000);
    // The first came alone: its first step had no company. 15 ms alone, 20 ms for two, 25 ms for three.
    expect(times).toEqual({ a: [15, 40, 65], b: [40, 65, 85], c: [40, 65, 85] });
  });

  it('lets the others wait while a prompt is prefilled, in chunks', async () => {
    const { clock, submit, times } = rig({ prefillRate: 1000, prefillChunk: 100, stepTime: 10 });
    submit('a', 0, 4);
    submit('b', 250, 1);
    await clock.advanceAsync(1000);
    // Steps: 10 alone; then 10 + 100, 10 + 100 and 10 + 50 with b's prompt.
    expect(times).toEqual({ a: [10, 120, 230, 290], b: [290] });
  });

  it('prefills first come, first served', async () => {
    const { clock, submit, times } = rig({ prefillRate: 1000, prefillChunk: 1000 });
    submit('a', 300, 1);
    submit('b', 300, 1);
    submit('c', 900, 1);
    await clock.advanceAsync(5000);
    expect(times).toEqual({ a: [300], b: [1300], c: [1500] });
  });

  it('runs as many as it has slots, in order of arrival, and turns away what no longer fits the queue', async () => {
    const { clock, model, submit, times } = rig({ slots: 1, maxWaiting: 2, stepTime: 10 });
    expect([submit('a', 0, 2), submit('b', 0, 2), submit('c', 0, 2)]).not.toContain(undefined);
    expect(submit('d', 0, 2)).toBeUndefined();
    expect(model).toMatchObject({ running: 1, waiting: 2 });
    await clock.advanceAsync(1000);
    expect(times).toEqual({ a: [10, 20], b: [30, 40], c: [50, 60], d: [] });
    expect(model).toMatchObject({ running: 0, waiting: 0, cachedTokens: 0 });
  });

  it('gives the slot of one that leaves to the next, and forgets one that leaves the queue', async () => {
    const { clock, model, submit, times } = rig({ slots: 1, stepTime: 10 });
    const [a, b] = [submit('a', 0, 100), submit('b', 0, 1)];
    submit('c', 0, 1);
    if (!a || !b) throw new Error('there was room');
    await clock.advanceAsync(25);
    model.remove(b);
    model.remove(a);
    await clock.advanceAsync(100);
    expect(times).toEqual({ a: [10, 20], b: [], c: [40] });
  });

  it('keeps the slot of a sequence at rest, without a timer, until it goes on', async () => {
    const { clock, model, submit, times } = rig({ slots: 1, stepTime: 10 });
    const a = submit('a', 0, 2, 'advance-and-pause');
    submit('b', 0, 1);
    await clock.advanceAsync(500);
    expect(times).toEqual({ a: [10], b: [] });
    expect(clock.pending).toBe(0);
    if (a) model.resume(a);
    await clock.advanceAsync(500);
    expect(times).toEqual({ a: [10, 510], b: [520] });
  });

  it('repeats a step that did not count', async () => {
    const clock = manualClock();
    const model = new ServiceModel(serviceSettings({ stepTime: 10 }), clock);
    const seen: number[] = [];
    const sequence = model.submit({
      promptTokens: 0,
      steps: 2,
      emit: (index) => {
        seen.push(index);
        return seen.length === 1 ? 'pause' : 'advance';
      },
    });
    await clock.advanceAsync(100);
    if (sequence) model.resume(sequence);
    await clock.advanceAsync(100);
    expect(seen).toEqual([0, 0, 1]);
  });

  it('drives any number of sequences with one timer', async () => {
    const { clock, submit } = rig({ stepTime: 10 });
    for (let count = 0; count < 50; count++) submit(`s${count}`, 0, 5);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(15);
    expect(clock.pending).toBe(1);
  });

  it('scales all of it by timeScale', async () => {
    const { clock, submit, times } = rig({ prefillRate: 1000, stepTime: 10, timeScale: 0.1 });
    submit('a', 200, 3);
    await clock.advanceAsync(1000);
    expect(times.a).toEqual([20, 21, 22]);
  });

  it('does not drift when timers fire late', async () => {
    const due: number[] = [];
    const clock = manualClock();
    const late = {
      ...clock,
      now: () => clock.now(),
      setTimer: (callback: () => void, delay: number) => {
        due.push(clock.now() + delay);
        return clock.setTimer(callback, delay + 3);
      },
    };
    const model = new ServiceModel(serviceSettings({ stepTime: 10 }), late);
    model.submit({ promptTokens: 0, steps: 4, emit: () => 'advance' });
    await clock.advanceAsync(1000);
    expect(due).toEqual([10, 20, 30, 40]);
  });

  it('forgets everything at a reset', async () => {
    const { clock, model, submit, times } = rig({ slots: 1, stepTime: 10 });
    submit('a', 0, 2);
    submit('b', 0, 2);
    model.reset();
    await clock.advanceAsync(100);
    expect(clock.pending).toBe(0);
    expect(times).toEqual({ a: [], b: [] });
    submit('c', 0, 1);
    await clock.advanceAsync(100);
    expect(times.c).toEqual([110]);
  });

  it.each([
    ['slots', 0],
    ['maxWaiting', -1],
    ['stepTime', Number.NaN],
    ['timeScale', -1],
    ['prefillRate', 0],
    ['kvCacheTokens', 0],
  ])('refuses service.%s = %s', (option, value) => {
    expect(() => serviceSettings({ [option]: value })).toThrow(InvalidOptionError);
    expect(() => serviceSettings({ [option]: value })).toThrow(`service.${option}`);
  });
});

describe('a server with a service model', () => {
  const chat = (content: string, stream = false) => ({
    model: 'm',
    messages: [{ role: 'user', content }],
    stream,
  });

  it('answers a stream and a plain request after the same time', async () => {
    const clock = manualClock();
    const service = { prefillRate: 100, stepTime: 10 };
    for (const stream of [true, false]) {
      await using server = await MockLlmServer.start({ tokens: 3, clock, service });
      const arrived = once(server, 'request');
      const answer = post(`${server.url}/v1/chat/completions`, chat('x'.repeat(40), stream));
      await arrived;
      // 10 tokens of prompt at 100/s, then two more steps of 10 ms.
      await clock.advanceAsync(119);
      expect(server.stats.active).toBe(1);
      await clock.advanceAsync(1);
      expect((await answer).status).toBe(200);
    }
  });

  it('answers with fullStatus when slots and queue are taken, and shows both in its metrics', async () => {
    const clock = manualClock();
    const service = { slots: 1, maxWaiting: 1, fullStatus: 503, stepTime: 10, kvCacheTokens: 100 };
    await using server = await MockLlmServer.start({ clock, service });
    const url = `${server.url}/v1/chat/completions`;
    const ask = async () => {
      const arrived = once(server, 'request');
      const call = new RawCall(url, chat('x'.repeat(80)));
      await arrived;
      return call;
    };
    const calls = [await ask(), await ask()];
    const refused = await (await ask()).answer;
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toMatchObject({ error: { type: 'overloaded' } });
    // 20 tokens of prompt, and the first of the answer.
    const { text } = await get(`${server.url}/metrics`);
    expect([...text.matchAll(/^vllm:\w+\{[^}]*\} (.*)$/gm)].map(([, value]) => value)).toEqual([
      '1',
      '1',
      '0.21',
      '0.21',
    ]);
    for (const call of calls) call.leave();
    await server.waitFor(({ aborted }) => aborted === 2);
  });

  it('gives the slot of a client that has left to the next one', async () => {
    const clock = manualClock();
    await using server = await MockLlmServer.start({ clock, tokens: 2, service: { slots: 1, stepTime: 10 } });
    const url = `${server.url}/v1/chat/completions`;
    const first = once(server, 'request');
    const leaver = new RawCall(url, chat('x'));
    await first;
    const second = once(server, 'request');
    const answer = post(url, chat('y'));
    await second;
    leaver.leave();
    await server.waitFor(({ aborted }) => aborted === 1);
    await clock.advanceAsync(20);
    expect((await answer).status).toBe(200);
  });
});
