import { InvalidOptionError } from '../errors.js';
import type { LoadReadings, LoadSignalParser } from './load-report.js';
import { MetricsPage } from './metrics-page.js';
import type { WantedLabels } from './metrics-text.js';
import { optionFields } from './option-checks.js';

/** Options of the parsers that read an engine's metrics page. */
export interface LoadSignalOptions {
  /**
   * Labels of the series to read, where a page tells of more than this endpoint: `{ model_name: 'llama-3.1-8b' }`,
   * `{ gpu: '0' }`. A series without the label is read as well. Default: all of the page.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Makes a parser; used as it stands, it is the one without options. */
export type LoadSignal = ((options?: LoadSignalOptions) => LoadSignalParser) & LoadSignalParser;

interface PageSignal extends Omit<LoadSignalParser, 'parse'> {
  /** Every name that is looked for, as `MetricsPage` takes them. */
  readonly names: readonly (readonly string[])[];
  read(page: MetricsPage): LoadReadings | undefined;
}

/** A parser of one engine's metrics page. */
export function pageSignal({ names, read, ...parser }: PageSignal): LoadSignal {
  const withLabels = (labels: WantedLabels | undefined): LoadSignalParser => ({
    ...parser,
    parse: (text) => read(new MetricsPage(text, names, labels)),
  });
  return signal((options) => withLabels(labelsOf(parser.name, options)), withLabels(undefined));
}

export function signal(
  make: (options?: LoadSignalOptions) => LoadSignalParser,
  plain: LoadSignalParser,
): LoadSignal {
  const parser = (options?: LoadSignalOptions) => make(options);
  // A function has a `name` of its own, which only this changes.
  Object.defineProperty(parser, 'name', { value: plain.name });
  const { name: _, ...rest } = plain;
  return Object.assign(parser, rest) as LoadSignal;
}

function labelsOf(name: string, options: LoadSignalOptions | undefined): WantedLabels | undefined {
  const { labels } = optionFields(name, options, ['labels']);
  if (labels === undefined) return undefined;
  const fits =
    typeof labels === 'object' &&
    labels !== null &&
    Object.values(labels).every((value) => typeof value === 'string');
  if (!fits) throw new InvalidOptionError(`${name}.labels`, 'must be an object of strings', labels);
  return { ...labels } as WantedLabels;
}
