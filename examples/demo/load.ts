import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from 'evenkeel/testing';
import type { Question } from './question.js';
import type { Arrival } from './trace.js';

/** Asks questions while there are milliseconds left; resolves when the last is answered. */
export type Load = (ask: (question: Question) => Promise<void>, left: () => number) => Promise<void>;

/** People who ask, read the answer, think, and ask again. The same questions in every run. */
export function users(count: number, thinkTime: number): Load {
  return async (ask, left) => {
    const everyone = Array.from({ length: count }, async (_, index) => {
      const random = seededRandom(index);
      const think = () => sleep(Math.min(2 * random() * thinkTime, left()));
      for (await think(); left() > 0; await think()) await ask(anyQuestion(random));
    });
    await Promise.all(everyone);
  };
}

/** Requests at the times of a trace, whether those before them are answered or not. */
export function replay(arrivals: readonly Arrival[]): Load {
  return async (ask) => {
    const began = performance.now();
    const asked: Promise<void>[] = [];
    for (const arrival of arrivals) {
      const wait = began + arrival.at - performance.now();
      if (wait > 0) await sleep(wait);
      asked.push(ask(arrival));
    }
    await Promise.all(asked);
  };
}

/** Mostly short, some long, as questions and answers are: 400 and 35 tokens on average. */
function anyQuestion(random: () => number): Question {
  return {
    promptTokens: Math.round(100 + 900 * random() ** 2),
    answerTokens: Math.round(16 + 57 * random() ** 2),
  };
}
