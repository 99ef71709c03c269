import { expect, it } from 'vitest';
import { rate } from '../../../src/core/rating.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';

it('A scorer of whole lists that fails speaks neither for nor against any of the candidates', () => {
  const candidates = [fakeEndpoint('a'), fakeEndpoint('b')];
  const broken = (score: () => number[]) => rate({ name: 'mine', score }, candidates, fakeRequest());
  const thrown = broken(() => {
    throw new Error('no luck');
  });
  expect(thrown).toEqual({ values: [0.5, 0.5], failure: { endpoint: undefined, problem: 'no luck' } });
  expect(broken(() => [1])).toEqual({
    values: [0.5, 0.5],
    failure: { endpoint: undefined, problem: 'gave 1 ratings for 2 endpoints' },
  });
});
