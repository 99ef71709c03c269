import type { LoadReadings } from './load-report.js';
import { known } from './metrics-page.js';

const HEADER = 'endpoint-load-metrics';

/** Names of the figures in lower case without `_`, since some producers write camelCase. */
const READINGS: Readonly<Record<string, keyof LoadReadings>> = {
  kvcacheusageperc: 'kvCacheUsage',
  kvcacheutilization: 'kvCacheUsage',
  kvcacheusage: 'kvCacheUsage',
  numrequestswaiting: 'waiting',
  numrequestsrunning: 'running',
  gpuutilization: 'gpuUtilization',
  gpumemoryutilization: 'vramUsage',
  maxtokencapacity: 'kvCacheTokens',
};

/** Readings of the header, where the answer has it. */
export function orcaHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): LoadReadings | undefined {
  const value = headers[HEADER];
  if (value === undefined) return undefined;
  return orcaText(typeof value === 'string' ? value : value.join(', '));
}

/** The header's value; the word TEXT or JSON before it may be missing. */
export function orcaText(value: string): LoadReadings | undefined {
  const text = value.replace(/^\s*(?:TEXT|JSON)\s+/i, '');
  const figures = text.trimStart().startsWith('{') ? fromJson(text) : fromPairs(text);
  const readings: Partial<Record<keyof LoadReadings, number>> = {};
  for (const [name, figure] of figures) {
    const key = READINGS[name.toLowerCase().replace(/^.*\./, '').replaceAll('_', '')];
    if (key !== undefined && Number.isFinite(figure)) readings[key] = figure;
  }
  return known(readings as LoadReadings);
}

type Figures = readonly (readonly [name: string, figure: number])[];

function fromPairs(text: string): Figures {
  return text.split(',').map((pair) => {
    const [name = '', figure = ''] = pair.split(/[=:]/, 2);
    return [name.trim(), figure.trim() === '' ? Number.NaN : Number(figure)];
  });
}

function fromJson(text: string): Figures {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return [];
  }
  return figuresIn(report);
}

/** Those of the report itself, and of the maps in it: `named_metrics`, `utilization`. */
function figuresIn(report: unknown): Figures {
  if (typeof report !== 'object' || report === null) return [];
  return Object.entries(report).flatMap(([name, value]): Figures => {
    if (typeof value === 'number') return [[name, value]];
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? figuresOf(value) : [];
  });
}

function figuresOf(map: object): Figures {
  return Object.entries(map).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
}
