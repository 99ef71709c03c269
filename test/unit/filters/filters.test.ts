import { describe, expect, it } from 'vitest';
import type { Filter } from '../../../src/core/scoring.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { capacity } from '../../../src/filters/capacity.js';
import { labels, type WantedLabels } from '../../../src/filters/labels.js';
import { model } from '../../../src/filters/model.js';
import { type FakeEndpoint, fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';

function kept(
  filter: Filter,
  endpoints: readonly FakeEndpoint[],
  fields?: Parameters<typeof fakeRequest>[0],
): string[] {
  return filter.keep(endpoints, fakeRequest(fields)).map(({ id }) => id);
}

describe('model', () => {
  const endpoints = [
    fakeEndpoint('every'),
    fakeEndpoint('mapped', { servedModel: (name) => (name === 'llama' ? 'llama-awq' : undefined) }),
    fakeEndpoint('other', { servedModel: () => undefined }),
  ];

  it('keeps the endpoints that serve the model, under whatever name', () => {
    expect(kept(model(), endpoints, { model: 'llama' })).toEqual(['every', 'mapped']);
  });

  it('keeps all for a request that names no model', () => {
    expect(kept(model(), endpoints, { model: undefined })).toEqual(['every', 'mapped', 'other']);
  });
});

describe('capacity', () => {
  const endpoints = [
    fakeEndpoint('full', { outstanding: 50, maxOutstanding: 50 }),
    fakeEndpoint('nearly', { outstanding: 40, maxOutstanding: 50 }),
    fakeEndpoint('roomy', { outstanding: 39, maxOutstanding: 50 }),
    fakeEndpoint('unlimited', { outstanding: 5000 }),
  ];

  it('keeps the endpoints that are not full', () => {
    expect(kept(capacity(), endpoints)).toEqual(['nearly', 'roomy', 'unlimited']);
  });

  it('holds back what lies above the fill', () => {
    expect(kept(capacity({ fill: 0.8 }), endpoints)).toEqual(['roomy', 'unlimited']);
  });

  it('refuses a fill that is no share', () => {
    for (const fill of [0, 1.1, -1, Number.NaN]) expect(() => capacity({ fill })).toThrow(InvalidOptionError);
  });
});

describe('labels', () => {
  const endpoints = [
    fakeEndpoint('eu-a100', { labels: { region: 'eu', gpu: 'a100' } }),
    fakeEndpoint('eu-t4', { labels: { region: 'eu', gpu: 't4' } }),
    fakeEndpoint('us-h100', { labels: { region: 'us', gpu: 'h100' } }),
    fakeEndpoint('plain'),
  ];

  it('keeps the endpoints that have every label as wanted', () => {
    expect(kept(labels({ region: 'eu' }), endpoints)).toEqual(['eu-a100', 'eu-t4']);
    expect(kept(labels({ gpu: ['a100', 'h100'] }), endpoints)).toEqual(['eu-a100', 'us-h100']);
    expect(kept(labels({ region: 'eu', gpu: ['a100', 'h100'] }), endpoints)).toEqual(['eu-a100']);
    expect(kept(labels({}), endpoints)).toHaveLength(4);
  });

  it('reads what is wanted off the request', () => {
    const byHeader = labels(({ headers }) =>
      headers['x-region'] ? { region: headers['x-region'] } : undefined,
    );
    expect(kept(byHeader, endpoints, { headers: { 'x-region': 'us' } })).toEqual(['us-h100']);
    expect(kept(byHeader, endpoints)).toHaveLength(4);
  });

  it('refuses labels that are no strings', () => {
    for (const wanted of [undefined, 'eu', ['eu'], { region: 7 }, { region: [] }, { region: [7] }])
      expect(() => labels(wanted as unknown as WantedLabels)).toThrow(InvalidOptionError);
  });
});
