import assert from 'node:assert/strict';
import type { LoadReadings, LoadSignalParser } from '../core/load-report.js';
import type { ConformanceRunner } from './conformance-runner.js';
import { seededRandom } from './seeded-random.js';

const SEED = 20_260_101;
const RATIOS: readonly (keyof LoadReadings)[] = [
  'kvCacheUsage',
  'prefixCacheHitRate',
  'gpuUtilization',
  'vramUsage',
];

/**
 * Checks what every parser of a metrics page owes a balancer.
 *
 * @param name of the suite
 * @param runner with a `page` of the engine, and the `readings` that it gives
 * @example
 * import { describe, it } from 'vitest';
 * signalConformance('my engine', myEngine(), { describe, it, page, readings: { running: 3, waiting: 0 } });
 */
export function signalConformance(
  name: string,
  parser: LoadSignalParser,
  {
    describe,
    it,
    page,
    readings,
  }: ConformanceRunner & { readonly page: string; readonly readings: LoadReadings },
): void {
  const lines = page.split('\n').filter((line) => line !== '');
  describe(`${name} as a load signal`, () => {
    it('reads the page, and nothing that is not on it', () => {
      assert.deepEqual(parser.parse(page), readings);
      assert.ok(Object.values(readings).every((reading) => reading !== undefined));
    });

    it('has a name, and a path that begins at the root', () => {
      assert.ok(parser.name.length > 0);
      assert.ok(parser.path === undefined || parser.path.startsWith('/'));
    });

    it('takes a page without series, comments alone or nothing at all for no data, not for a load of 0', () => {
      const comments = lines.filter((line) => line.startsWith('#'));
      for (const text of ['', '\n', comments.join('\n'), 'process_cpu_seconds_total 12.5\n'])
        assert.equal(parser.parse(text), undefined);
    });

    it('takes what is no metrics page for no data', () => {
      for (const text of [
        '<!doctype html><title>Not Found</title>',
        '{"detail":"Not Found"}',
        '\0\0\0',
        '{}',
      ])
        assert.equal(parser.parse(text), undefined);
    });

    it('reads the same with other line ends, blank lines, timestamps, and without a last newline', () => {
      const stamped = lines.map((line) => (line.startsWith('#') ? line : `${line} 1767225600000`));
      for (const text of [lines.join('\r\n'), lines.join('\n\n'), lines.join('\n'), stamped.join('\n')])
        assert.deepEqual(parser.parse(text), readings);
    });

    it('passes over NaN and infinities, which are no readings', () => {
      for (const value of ['NaN', '+Inf', '-Inf']) {
        const text = lines.map((line) => (line.startsWith('#') ? line : line.replace(/\S+$/, value)));
        assert.equal(parser.parse(text.join('\n')), undefined);
      }
    });

    it('never throws, and never gives a reading out of range, whatever is cut out of the page or garbled', () => {
      const random = seededRandom(SEED);
      for (let turn = 0; turn < 300; turn++) {
        const from = Math.floor(random() * page.length);
        const length = Math.floor(random() * 80);
        const garbage = String.fromCharCode(Math.floor(random() * 128)).repeat(Math.floor(random() * 4));
        const found = parser.parse(page.slice(0, from) + garbage + page.slice(from + length)) ?? {};
        for (const [reading, value] of Object.entries(found)) {
          if (typeof value !== 'number') continue;
          const most = RATIOS.includes(reading as keyof LoadReadings) ? 1 : Number.MAX_VALUE;
          assert.ok(value >= 0 && value <= most, `${reading} ${value}, turn ${turn}, seed ${SEED}`);
        }
      }
    });
  });
}
