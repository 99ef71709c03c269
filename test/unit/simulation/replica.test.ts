import { GPU_KINDS } from 'evenkeel/simulation';
import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Replica } from '../../../src/simulation/replica/replica.js';
import type { ReplicaModel } from '../../../src/simulation/replica/replica-model.js';
import { Sequence } from '../../../src/simulation/replica/sequence.js';
import { stepCosts, stepTime } from '../../../src/simulation/replica/step-time.js';
import { VirtualClock } from '../../../src/simulation/virtual-clock.js';

const SEED = Number(process.env.SEED ?? 1);

const MODEL: ReplicaModel = {
  costs: stepCosts(GPU_KINDS.a100),
  stepTokens: 2048,
  slots: 6,
  maxWaiting: Number.POSITIVE_INFINITY,
  kvTokens: 40_000,
  blockTokens: 512,
  prefixCaching: true,
  loadTime: 0,
};

interface Job {
  readonly at: number;
  readonly prompt: number;
  readonly output: number;
}

interface Times {
  firstToken: number;
  end: number;
}

function rig(model: ReplicaModel = MODEL) {
  const clock = new VirtualClock();
  const replica = new Replica(model, clock);
  const told: string[] = [];
  const submit = (name: string, prompt: number, output: number, blocks: readonly number[] = []) => {
    const tell = (word: string) => () => told.push(`${name} ${word} ${clock.now().toFixed(1)}`);
    const listener = { firstToken: tell('begins'), finished: tell('ends'), lost: tell('is lost') };
    const sequence = new Sequence({ prompt, output, blocks }, listener);
    replica.submit(sequence);
    return sequence;
  };
  return { clock, replica, told, submit, run: () => clock.run(() => false) };
}

/** The same server, one step after the other. */
function stepByStep(jobs: readonly Job[], model: ReplicaModel): Times[] {
  const times: Times[] = jobs.map(() => ({ firstToken: 0, end: 0 }));
  const state = jobs.map((job, index) => ({ ...job, index, left: job.prompt, produced: 0 }));
  const arriving = [...state];
  const waiting: typeof state = [];
  let running: typeof state = [];
  let now = 0;
  while (arriving.length + waiting.length + running.length > 0) {
    if (waiting.length + running.length === 0) now = Math.max(now, arriving[0]?.at ?? now);
    while (arriving[0] !== undefined && arriving[0].at <= now) waiting.push(...arriving.splice(0, 1));
    let used = running.reduce((sum, { prompt, output }) => sum + prompt + output, 0);
    while (waiting[0] !== undefined && running.length < model.slots) {
      used += waiting[0].prompt + waiting[0].output;
      if (used > model.kvTokens) break;
      running.push(...waiting.splice(0, 1));
    }
    const decoding = running.filter(({ left }) => left === 0);
    const context = decoding.reduce((sum, { prompt, produced }) => sum + prompt + produced, 0);
    let budget = model.stepTokens - decoding.length;
    let prefill = 0;
    let chunks = 0;
    const begins: typeof state = [];
    for (const one of running) {
      if (one.left === 0 || budget === 0) continue;
      const tokens = Math.min(budget, one.left);
      [one.left, budget, prefill, chunks] = [
        one.left - tokens,
        budget - tokens,
        prefill + tokens,
        chunks + 1,
      ];
      if (one.left === 0) begins.push(one);
    }
    now += stepTime(model.costs, prefill, context, decoding.length + chunks);
    for (const one of begins) (times[one.index] as Times).firstToken = now;
    for (const one of [...decoding, ...begins]) one.produced++;
    for (const one of running) if (one.produced === one.output) (times[one.index] as Times).end = now;
    running = running.filter(({ produced, output }) => produced < output);
  }
  return times;
}

describe('a replica', () => {
  it(`gives every request the times that it would have step by step (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    let at = 0;
    const jobs: Job[] = Array.from({ length: 300 }, () => {
      at += -Math.log(1 - random()) * 700;
      return {
        at,
        prompt: 1 + Math.floor(random() ** 3 * 9_000),
        output: 1 + Math.floor(random() ** 2 * 200),
      };
    });
    const clock = new VirtualClock();
    const replica = new Replica(MODEL, clock);
    const times: Times[] = jobs.map(() => ({ firstToken: 0, end: 0 }));
    for (const [index, job] of jobs.entries()) {
      const own = times[index] as Times;
      const listener = {
        firstToken: () => {
          own.firstToken = clock.now();
        },
        finished: () => {
          own.end = clock.now();
        },
        lost: () => {},
      };
      clock.setTimer(() => replica.submit(new Sequence({ ...job, blocks: [] }, listener)), job.at);
    }
    await clock.run(() => false);
    const expected = stepByStep(jobs, MODEL);
    for (const [index, { firstToken, end }] of times.entries()) {
      expect(firstToken, `first token of ${index}`).toBeCloseTo(expected[index]?.firstToken ?? 0, 4);
      expect(end, `end of ${index}`).toBeCloseTo(expected[index]?.end ?? 0, 4);
    }
    expect([replica.running, replica.waiting, replica.kvUsage, replica.context]).toEqual([0, 0, 0, 0]);
    expect(replica.work.prefilled).toBe(jobs.reduce((sum, { prompt }) => sum + prompt, 0));
    expect(replica.work.decoded).toBe(jobs.reduce((sum, { output }) => sum + output, 0));
  });

  it('computes only what is new of a prompt whose beginning it has, one token at least', async () => {
    const { replica, submit, run } = rig();
    submit('first', 1024, 2, [1, 2]);
    await run();
    submit('second', 1500, 2, [1, 2]);
    submit('third', 1024, 2, [1, 2]);
    await run();
    expect(replica.work.prefilled).toBe(1024 + 476 + 1);
    expect(replica.work.cached).toBe(1024 + 1023);
  });

  it('keeps no prefix when it is told not to', async () => {
    const { replica, submit, run } = rig({ ...MODEL, prefixCaching: false });
    for (const name of ['first', 'second']) submit(name, 1024, 2, [1, 2]);
    await run();
    submit('third', 1024, 2, [1, 2]);
    await run();
    expect(replica.work.cached).toBe(0);
    expect(replica.kvUsage).toBe(0);
  });

  it('lets nobody pass one who waits for room, though there is a slot', async () => {
    const { told, submit, run } = rig();
    submit('large', 30_000, 50);
    submit('waits', 20_000, 50);
    submit('small', 10, 50);
    await run();
    const begun = told.filter((line) => line.includes('begins')).map((line) => line.split(' ')[0]);
    expect(begun).toEqual(['large', 'waits', 'small']);
  });

  it('takes three times as long a step while it is throttled, from the next step on', async () => {
    const { clock, replica, told, submit, run } = rig({
      ...MODEL,
      costs: { ...MODEL.costs, contextToken: 0 },
    });
    submit('one', 1, 101);
    const step = stepTime(MODEL.costs, 0, 0, 1);
    clock.setTimer(() => replica.throttle(3), 50.5 * step);
    clock.setTimer(() => replica.throttle(1), 80.5 * step);
    await run();
    // 51 steps as usual, 10 slow ones, 40 as usual: with the prefill, 101 tokens.
    expect(told[1]).toBe(`one ends ${(51 * step + 30 * step + 40 * step).toFixed(1)}`);
  });

  it('forgets a caller who has left: waiting, in its prompt, and in its answer', async () => {
    const { clock, replica, told, submit, run } = rig({ ...MODEL, slots: 2 });
    const answering = submit('answering', 100, 1_000);
    const reading = submit('reading', 20_000, 10);
    const waiting = submit('waiting', 100, 10);
    submit('stays', 100, 10);
    clock.setTimer(() => replica.abort(waiting), 100);
    clock.setTimer(() => replica.abort(reading), 400);
    clock.setTimer(() => replica.abort(answering), 700);
    await run();
    expect(told.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'answering begins',
      'stays begins',
      'stays ends',
    ]);
    expect([replica.running, replica.waiting, replica.kvUsage, replica.context]).toEqual([0, 0, 0, 0]);
    expect(clock.now()).toBeLessThan(5_000);
  });

  it('loses everything when it is killed, its cache too, and works again afterwards', async () => {
    const { clock, replica, told, submit, run } = rig({ ...MODEL, slots: 1 });
    submit('before', 1024, 1, [1, 2]);
    await run();
    submit('runs', 100, 1_000);
    submit('waits', 100, 10);
    clock.setTimer(() => replica.kill(), 500);
    await run();
    expect(told.filter((line) => line.includes('lost')).map((line) => line.split(' ')[0])).toEqual([
      'waits',
      'runs',
    ]);
    submit('after', 1024, 1, [1, 2]);
    await run();
    expect(told.at(-1)).toContain('after ends');
    expect(replica.work.cached).toBe(0);
  });

  it('tells in the middle of a run of steps how far an answer is', async () => {
    const { clock, replica, submit } = rig({ ...MODEL, costs: { ...MODEL.costs, contextToken: 0 } });
    const sequence = submit('one', 1, 500);
    const step = stepTime(MODEL.costs, 0, 0, 1);
    const seen: number[] = [];
    for (const steps of [0.5, 1.5, 10.5, 499.5])
      clock.setTimer(() => seen.push(replica.produced(sequence), replica.remaining[0] ?? 0), steps * step);
    await clock.run(() => false);
    expect(seen).toEqual([0, 500, 1, 499, 10, 490, 499, 1]);
  });
});
