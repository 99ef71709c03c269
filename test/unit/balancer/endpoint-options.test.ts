import { describe, expect, it } from 'vitest';
import { resolveEndpoint, resolveEndpoints } from '../../../src/balancer/options/endpoint-options.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { LoadBalancer, type LoadBalancerOptions } from '../../../src/index.js';

const URL_A = 'http://10.0.0.1:8000';

function refusalOf(make: () => unknown): InvalidOptionError {
  try {
    make();
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('resolveEndpoints', () => {
  it('fills in the defaults', () => {
    expect(resolveEndpoints([{ url: URL_A }])).toEqual([
      {
        id: URL_A,
        url: URL_A,
        basePath: '',
        weight: 1,
        tier: 0,
        maxOutstanding: Number.POSITIVE_INFINITY,
        models: undefined,
        headers: undefined,
        labels: {},
        quotaGroup: undefined,
        initialDelay: 0,
        standby: false,
        metrics: [],
      },
    ]);
  });

  it.each([
    ['http://h:8000', ''],
    ['http://h:8000/', ''],
    ['http://h:8000/v1', '/v1'],
    ['http://h:8000/openai/v1//', '/openai/v1'],
    ['https://[::1]:8000/v1', '/v1'],
  ])('reads the base path of %s as %j', (url, basePath) => {
    expect(resolveEndpoint({ url }, 'e').basePath).toBe(basePath);
  });

  it('takes models as a list or as a map, and headers in any case', () => {
    const served = (models: unknown) => [...(resolveEndpoint({ url: URL_A, models }, 'e').models ?? [])];
    expect(served(['a', 'b'])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    expect(served({ a: 'meta/a' })).toEqual([['a', 'meta/a']]);
    expect(
      resolveEndpoint({ url: URL_A, headers: { 'X-Key': 'v', Authorization: 'é' } }, 'e').headers,
    ).toEqual({
      'x-key': 'v',
      authorization: 'é',
    });
  });

  it('keeps its own copy of labels', () => {
    const labels = { gpu: 'a100' };
    const endpoint = resolveEndpoint({ url: URL_A, labels }, 'e');
    labels.gpu = 't4';
    expect(endpoint.labels).toEqual({ gpu: 'a100' });
  });

  it('allows what is odd and yet right: weight 0, spaces inside an id', () => {
    expect(
      resolveEndpoint({ url: URL_A, weight: 0, id: 'gpu 1', tier: 5, maxOutstanding: 1 }, 'e'),
    ).toMatchObject({
      weight: 0,
      id: 'gpu 1',
    });
  });

  it.each<[unknown, string]>([
    ['nothing', 'endpoints'],
    [undefined, 'endpoints'],
    [{ url: URL_A }, 'endpoints'],
    [[null], 'endpoints[0]'],
    [['http://h'], 'endpoints[0]'],
    [[{}], 'endpoints[0].url'],
    [[{ url: URL_A }, { url: URL_A }], 'endpoints[1].id'],
    [
      [
        { url: URL_A, id: 'a' },
        { url: 'http://h', id: 'a' },
      ],
      'endpoints[1].id',
    ],
  ])('refuses the list %j at %s', (list, option) => {
    expect(refusalOf(() => resolveEndpoints(list)).option).toBe(option);
  });

  it.each<[object, string]>([
    [{ url: '' }, 'url'],
    [{ url: 'h:8000' }, 'url'],
    [{ url: '/v1' }, 'url'],
    [{ url: 'ftp://h' }, 'url'],
    [{ url: 5 }, 'url'],
    [{ url: new URL(URL_A) }, 'url'],
    [{ url: 'http://h?key=1' }, 'url'],
    [{ url: 'http://h#x' }, 'url'],
    [{ id: '' }, 'id'],
    [{ id: ' a' }, 'id'],
    [{ id: 'a\r\nset-cookie: x' }, 'id'],
    [{ id: 'ü' }, 'id'],
    [{ id: 'x'.repeat(257) }, 'id'],
    [{ id: 7 }, 'id'],
    [{ weight: -1 }, 'weight'],
    [{ weight: Number.NaN }, 'weight'],
    [{ weight: Number.POSITIVE_INFINITY }, 'weight'],
    [{ weight: '1' }, 'weight'],
    [{ weight: null }, 'weight'],
    [{ tier: 0.5 }, 'tier'],
    [{ tier: -1 }, 'tier'],
    [{ maxOutstanding: 0 }, 'maxOutstanding'],
    [{ maxOutstanding: 1.5 }, 'maxOutstanding'],
    [{ models: [] }, 'models'],
    [{ models: {} }, 'models'],
    [{ models: [''] }, 'models'],
    [{ models: [1] }, 'models'],
    [{ models: { a: '' } }, 'models'],
    [{ models: 'llama' }, 'models'],
    [{ headers: ['x'] }, 'headers'],
    [{ headers: { 'x y': 'v' } }, 'headers.x y'],
    [{ headers: { x: 'a\r\nb: c' } }, 'headers.x'],
    [{ headers: { x: '日本' } }, 'headers.x'],
    [{ headers: { x: 5 } }, 'headers.x'],
    [{ headers: { x: undefined } }, 'headers.x'],
    [{ labels: { gpu: 1 } }, 'labels.gpu'],
    [{ labels: null }, 'labels'],
    [{ quotaGroup: '' }, 'quotaGroup'],
    [{ quotaGroup: 1 }, 'quotaGroup'],
    [{ wieght: 2 }, 'wieght'],
  ])('refuses %j at %s', (fields, option) => {
    expect(refusalOf(() => resolveEndpoint({ url: URL_A, ...fields }, 'e')).option).toBe(`e.${option}`);
  });

  it.each([
    'http://user:hunter2@h:8000',
    'https://:hunter2@h',
    'ftp://user:hunter2@h',
    'http://user:hunter2@h:99999',
    'http://user:hunter2@h?key=hunter2',
    'http://h/?key=hunter2',
    'http://h/#hunter2',
    'http://user:hunter2@',
  ])('refuses %s without showing its secret', (url) => {
    const error = refusalOf(() => resolveEndpoint({ url }, 'e'));
    expect(error.option).toBe('e.url');
    expect(error.message).not.toContain('hunter2');
    expect(String(error.value)).not.toContain('hunter2');
  });

  it('does not show the value of a header it refuses', () => {
    const error = refusalOf(() =>
      resolveEndpoint({ url: URL_A, headers: { authorization: 'Bearer s3cret\n' } }, 'e'),
    );
    expect(error.message).not.toContain('s3cret');
    expect(String(error.value)).not.toContain('s3cret');
  });
});

describe('share', () => {
  const limits = (share: number) =>
    resolveEndpoints(
      [
        { url: 'http://a', maxOutstanding: 10 },
        { url: 'http://b' },
        { url: 'http://c', maxOutstanding: 'adaptive' },
      ],
      share,
    ).map(({ maxOutstanding }) => maxOutstanding);

  it('divides each limit, rounded up, and leaves what is unlimited or finds itself out', () => {
    expect(limits(1)).toEqual([10, Number.POSITIVE_INFINITY, 'adaptive']);
    expect(limits(4)).toEqual([3, Number.POSITIVE_INFINITY, 'adaptive']);
    expect(limits(10)[0]).toBe(1);
    expect(limits(1_000)[0]).toBe(1);
  });

  it('holds for endpoints that come later, and is what a balancer shows and keeps', async () => {
    await using balancer = new LoadBalancer({
      endpoints: [{ url: 'http://a', maxOutstanding: 64 }],
      share: 4,
    });
    balancer.add({ url: 'http://b', maxOutstanding: 10 });
    expect(balancer.snapshot().endpoints.map(({ maxOutstanding }) => maxOutstanding)).toEqual([16, 3]);
    balancer.update([{ url: 'http://a', maxOutstanding: 8 }]);
    expect(balancer.endpoints.map(({ maxOutstanding }) => maxOutstanding)).toEqual([2]);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2'])('of %j is refused', (share) => {
    const options = { endpoints: [{ url: 'http://a' }], share } as LoadBalancerOptions;
    expect(refusalOf(() => new LoadBalancer(options)).option).toBe('share');
  });
});
