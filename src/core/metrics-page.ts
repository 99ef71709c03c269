import type { LoadReadings } from './load-report.js';
import { readSamples, type Sample, type WantedLabels } from './metrics-text.js';

/** A name under which an engine gives a figure, or several in order of preference: today's, then older ones. */
type Names = readonly string[];

/** Figures of a metrics page. Each is `undefined` where none of its names has a series. */
export class MetricsPage {
  readonly #series: ReadonlyMap<string, readonly Sample[]>;

  constructor(text: string, names: readonly Names[], labels: WantedLabels | undefined) {
    this.#series = readSamples(text, new Set(names.flat()), labels);
  }

  /** Series of the first of the names that has any: an engine that renames a figure gives both for a while. */
  series(names: Names): readonly Sample[] {
    for (const name of names) {
      const samples = this.#series.get(name);
      if (samples !== undefined) return samples;
    }
    return [];
  }

  /** Counts of several series, such as the ranks of one server, add up. */
  sum(names: Names): number | undefined {
    return total(this.series(names));
  }

  /** Ratios of several series are averaged. */
  mean(names: Names): number | undefined {
    const samples = this.series(names);
    const sum = total(samples);
    return sum === undefined ? undefined : sum / samples.length;
  }

  /** One figure as a share of another. */
  share(part: Names, whole: Names): number | undefined {
    return ratio(this.sum(part), this.sum(whole));
  }
}

export function total(samples: readonly Sample[]): number | undefined {
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
}

/** `undefined` also where there is nothing to divide by: no queries are no hit rate. */
export function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || !(whole > 0) ? undefined : part / whole;
}

/** `vllm:a` as `vllm:a` and `vllm_a`: some exporters, Ray's among them, write the colon so. */
export function bothWays(...names: string[]): Names {
  return names.flatMap((name) => (name.includes(':') ? [name, name.replace(':', '_')] : [name]));
}

const RATIOS: readonly (keyof LoadReadings)[] = [
  'kvCacheUsage',
  'prefixCacheHitRate',
  'gpuUtilization',
  'vramUsage',
];

/** What is known of the readings; `undefined` when that is nothing. Counts below 0 are mistakes, ratios are clamped. */
export function known(readings: LoadReadings): LoadReadings | undefined {
  const entries = Object.entries(readings).filter(
    ([, value]) => value !== undefined && !(typeof value === 'number' && !(value >= 0)),
  );
  if (entries.length === 0) return undefined;
  const found = Object.fromEntries(entries) as Record<string, unknown>;
  for (const name of RATIOS) {
    const value = found[name];
    if (typeof value === 'number') found[name] = Math.min(value, 1);
  }
  return found as LoadReadings;
}
