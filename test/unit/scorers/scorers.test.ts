import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { latency } from '../../../src/scorers/latency.js';
import { outstanding } from '../../../src/scorers/outstanding.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';

const request = fakeRequest();

describe('outstanding', () => {
  it('rates by the ratio to the least load per weight', () => {
    const endpoints = [
      fakeEndpoint('heavy', { weight: 4, outstanding: 7 }),
      fakeEndpoint('light', { outstanding: 3 }),
      fakeEndpoint('starting', { slowStart: 0.5, outstanding: 3 }),
    ];
    expect(outstanding().score(endpoints, request)).toEqual([1, 0.5, 0.25]);
  });

  it('rates weight 0 worst, also where it stands alone', () => {
    const drained = fakeEndpoint('drained', { weight: 0 });
    expect(outstanding().score([drained, fakeEndpoint('e')], request)).toEqual([0, 1]);
    expect(outstanding().score([drained], request)).toEqual([0]);
  });
});

describe('latency', () => {
  const endpoint = (id: string, firstToken?: number, response?: number, tokenInterval?: number) =>
    fakeEndpoint(id, { latency: { firstToken, response, tokenInterval } });
  const endpoints = [endpoint('a', 200, 9000, 20), endpoint('b', 800, 3000, 40)];

  it('rates by the ratio to the least: first token for streams, the answer for others', () => {
    expect(latency().score(endpoints, fakeRequest({ streaming: true }))).toEqual([1, 0.25]);
    expect(latency().score(endpoints, fakeRequest({ streaming: false }))).toEqual([1 / 3, 1]);
  });

  it('rates by the average it is told', () => {
    expect(latency({ measure: 'tokenInterval' }).score(endpoints, request)).toEqual([1, 0.5]);
  });

  it('says unknown for an endpoint without an average', () => {
    expect(latency().score([endpoint('a', 100), endpoint('b')], request)).toEqual([1, undefined]);
  });

  it('rates an average of 0 as finite', () => {
    expect(latency().score([endpoint('a', 0), endpoint('b', 0), endpoint('c', 100)], request)).toEqual([
      1, 1, 0.00001,
    ]);
  });

  it('refuses a measure it does not know', () => {
    expect(() => latency({ measure: 'ttft' as 'firstToken' })).toThrow(InvalidOptionError);
  });
});
