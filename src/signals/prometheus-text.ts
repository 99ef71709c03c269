/**
 * Reads a metrics page in Prometheus' text format whose names you give: for an engine, or an exporter of your own,
 * that has no parser here.
 *
 * `prometheusText({ waiting: 'my_queue_length', kvCacheUsage: ['my_kv_ratio', 'my_kv_old'] })`. Counts of several
 * series add up, ratios are averaged, and must be 0 to 1. Of several names the first that is there is read.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { LoadReadings, LoadSignalParser } from '../core/load-report.js';
import { known, type MetricsPage } from '../core/metrics-page.js';
import { optionFields } from '../core/option-checks.js';
import { type LoadSignalOptions, pageSignal } from '../core/signal.js';
import { InvalidOptionError } from '../errors.js';

/** Readings that are one number, and how those of several series become one. */
const READINGS = {
  running: 'sum',
  waiting: 'sum',
  kvCacheUsage: 'mean',
  prefixCacheHitRate: 'mean',
  gpuUtilization: 'mean',
  vramUsage: 'mean',
  kvCacheTokens: 'sum',
} as const satisfies Partial<Record<keyof LoadReadings, 'sum' | 'mean'>>;

/** The name of each reading's series, or several in order of preference. */
export type ReadingNames = {
  readonly [Reading in keyof typeof READINGS]?: string | readonly string[];
};

/**
 * Reads a metrics page in Prometheus' text format by the names you give.
 *
 * @param names at least one; the page is `/metrics` unless `metrics.url` says otherwise
 * @throws InvalidOptionError
 */
export function prometheusText(names: ReadingNames, options?: LoadSignalOptions): LoadSignalParser {
  const given = optionFields('prometheusText', names ?? 'nothing', Object.keys(READINGS));
  const wanted = Object.entries(given).map(([reading, name]) => {
    const list: unknown = typeof name === 'string' ? [name] : name;
    if (!Array.isArray(list) || list.length === 0 || !list.every((one) => typeof one === 'string'))
      throw new InvalidOptionError(
        `prometheusText.${reading}`,
        'must be a name or a list of names, not empty',
        name,
      );
    return [reading as keyof ReadingNames, list as readonly string[]] as const;
  });
  if (wanted.length === 0)
    throw new InvalidOptionError('prometheusText', 'must name at least one reading', names);
  const read = (page: MetricsPage) =>
    known(Object.fromEntries(wanted.map(([reading, series]) => [reading, page[READINGS[reading]](series)])));
  return pageSignal({
    name: 'prometheus-text',
    path: '/metrics',
    names: wanted.map(([, series]) => series),
    read,
  })(options);
}
