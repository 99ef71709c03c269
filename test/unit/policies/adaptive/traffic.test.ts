import { expect, it } from 'vitest';
import { Traffic } from '../../../../src/policies/adaptive/traffic.js';
import { fakeRequest } from '../../../../src/testing/fake-request.js';

it('Traffic begins with a guess, and goes by the mean from then on', () => {
  const traffic = new Traffic();
  expect(traffic.meanPrompt).toBe(1_000);
  traffic.sent(2_000);
  expect(traffic.meanPrompt).toBe(1_010);
  expect(traffic.outputOf(fakeRequest())).toBe(100);
  traffic.answered(200);
  expect(traffic.outputOf(fakeRequest())).toBe(101);
});

it('takes the mean for a prompt whose length nobody knows', () => {
  const traffic = new Traffic();
  expect(traffic.promptOf(fakeRequest({ promptTokens: 0 }))).toBe(1_000);
  expect(traffic.promptOf(fakeRequest({ promptTokens: 7 }))).toBe(7);
});

it('expects no more of an answer than the request allows', () => {
  expect(new Traffic().outputOf(fakeRequest({ maxTokens: 20 }))).toBe(20);
  expect(new Traffic().outputOf(fakeRequest({ maxTokens: 2_000 }))).toBe(100);
});

it('knows small prompts from the first one sent, follows smaller ones quickly and larger ones slowly', () => {
  const traffic = new Traffic();
  expect(traffic.isSmall(1)).toBe(false);
  traffic.sent(1_000);
  expect([traffic.isSmall(1_000), traffic.isSmall(1_001)]).toEqual([true, false]);
  traffic.sent(500);
  expect([traffic.isSmall(850), traffic.isSmall(851)]).toEqual([true, false]);
  traffic.sent(1_850);
  expect([traffic.isSmall(870), traffic.isSmall(871)]).toEqual([true, false]);
});
