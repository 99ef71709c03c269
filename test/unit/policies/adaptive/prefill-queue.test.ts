import { expect, it } from 'vitest';
import { PrefillQueue } from '../../../../src/policies/adaptive/prefill-queue.js';

it('PrefillQueue counts the tokens of all its prompts, less what the first in line has had of its time', () => {
  const queue = new PrefillQueue();
  expect([queue.size, queue.left(2, 0), queue.overdue(2, 50)]).toEqual([0, 0, 0]);
  const [first, second] = [{ tokens: 100 }, { tokens: 60 }];
  queue.add(first, 10);
  queue.add(second, 30);
  // 20 ms at 2 tokens a ms; 50 ms are all that the first takes.
  expect([queue.left(2, 30), queue.left(2, 60), queue.left(2, 90)]).toEqual([120, 60, 60]);
  expect([queue.overdue(2, 60), queue.overdue(2, 90)]).toEqual([0, 30]);
  expect(queue.left(2, 0)).toBe(160);
  queue.remove(first, 90);
  expect([queue.size, queue.left(2, 90), queue.left(2, 100), queue.overdue(2, 130)]).toEqual([1, 60, 40, 10]);
});

it('takes a prompt out once, and is empty to the last bit when none is left', () => {
  const queue = new PrefillQueue();
  const prompts = [0.1, 0.2, 0.3].map((tokens) => ({ tokens }));
  for (const prompt of prompts) queue.add(prompt, 0);
  for (const prompt of [...prompts, ...prompts]) queue.remove(prompt, 5);
  expect([queue.size, queue.left(1, 5)]).toEqual([0, 0]);
  queue.add({ tokens: 8 }, 100);
  expect([queue.left(1, 103), queue.overdue(1, 103)]).toEqual([5, 0]);
});
