import { describe, expect, it } from 'vitest';
import { resolveEndpoint } from '../../../src/balancer/options/endpoint-options.js';
import type { LoadSignalParser } from '../../../src/core/load-report.js';
import { InvalidOptionError } from '../../../src/errors.js';

const parser: LoadSignalParser = { name: 'mine', path: '/metrics', parse: () => undefined };
const resolve = (metrics: unknown, url = 'http://10.0.0.1:8000/base/v1') =>
  resolveEndpoint({ url, metrics }, 'endpoint').metrics;

describe('the metrics of an endpoint', () => {
  it('are read at the root of its own origin, whatever its base path, every 2 s', () => {
    expect(resolve({ parser })).toEqual([
      {
        key: 'mine http://10.0.0.1:8000/metrics',
        origin: undefined,
        path: '/metrics',
        parser,
        interval: 2_000,
      },
    ]);
  });

  it('may be elsewhere, query included', () => {
    const [elsewhere] = resolve({ parser, url: 'http://10.0.0.1:9400/gpu?all=1', interval: 500 });
    expect(elsewhere).toMatchObject({ origin: 'http://10.0.0.1:9400', path: '/gpu?all=1', interval: 500 });
    const [own] = resolve({ parser, url: 'http://10.0.0.1:8000/other' });
    expect(own).toMatchObject({ origin: undefined, path: '/other' });
  });

  it('may have several sources', () => {
    expect(resolve([{ parser }, { parser: { ...parser, path: '/gpu' } }])).toMatchObject([
      { path: '/metrics' },
      { path: '/gpu' },
    ]);
    expect(resolve([])).toEqual([]);
  });

  it.each<[unknown, RegExp]>([
    [null, /endpoint\.metrics` must be an object/],
    ['/metrics', /endpoint\.metrics` must be an object/],
    [{}, /endpoint\.metrics\.parser` must be a parser/],
    [{ parser: 'vllm' }, /endpoint\.metrics\.parser` must be a parser/],
    [{ parser: { parse: () => undefined } }, /endpoint\.metrics\.parser/],
    [{ parser, path: '/' }, /endpoint\.metrics\.path` is not known/],
    [{ parser, url: '/metrics' }, /endpoint\.metrics\.url` must be an absolute/],
    [{ parser, url: 'ftp://host/metrics' }, /endpoint\.metrics\.url/],
    [{ parser, url: 'http://me:secret@host/metrics' }, /endpoint\.metrics\.url/],
    [{ parser, interval: 49 }, /endpoint\.metrics\.interval` must be a finite number, at least 50/],
    [{ parser, interval: Number.POSITIVE_INFINITY }, /endpoint\.metrics\.interval/],
    [[{ parser }, { parser: 7 }], /endpoint\.metrics\[1\]\.parser/],
    [[{ parser }, { parser }], /must not read one page twice/],
  ])('are refused as %j', (metrics, message) => {
    const refused = () => resolve(metrics);
    expect(refused).toThrow(InvalidOptionError);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(/secret/);
  });
});
