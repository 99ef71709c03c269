import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Clock, Random } from '../core/clock.js';
import type { DiscoverySource } from '../core/discovery.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { DiscoveryError, InvalidOptionError } from '../errors.js';
import { systemClock, systemRandom } from '../system.js';
import { ListError, pathInWords } from './reading/list-error.js';
import { type ParsedText, parseJson, TextError } from './reading/parse-json.js';
import { type PolledTerms, polled } from './reading/polled.js';
import { readList } from './reading/read-list.js';

/** Options of `file`. */
export interface FileOptions {
  /** Default: YAML for `.yaml` and `.yml`, else JSON. YAML needs the package `yaml`. */
  readonly format?: 'json' | 'yaml';
  /** How often the file is read in any case, in ms, where nobody tells of changes (network file systems). Default 30 000. */
  readonly interval?: number;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** For tests. Default: `Math.random`. */
  readonly random?: Random;
}

const KEYS: readonly (keyof FileOptions)[] = ['format', 'interval', 'clock', 'random'];
/** A file that is written in parts is read when it has been left alone for so long, in ms. */
const QUIET = 50;
const RETRY = 1_000;

/**
 * Endpoints out of a file, JSON or YAML, read again when it changes: written in place, replaced by a rename, or
 * mounted by Kubernetes from a ConfigMap. A file that cannot be used is reported with line and field, and the last
 * list stays.
 *
 * @param path of a list of endpoints, an object with `endpoints`, or a LiteLLM configuration with `model_list`
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * new LoadBalancer({ endpoints: file('endpoints.yaml') });
 */
export function file(path: string, options: FileOptions = {}): DiscoverySource {
  if (typeof path !== 'string' || path === '')
    throw new InvalidOptionError('file.path', 'must be a path', path);
  const given = optionFields('file', options, KEYS) as FileOptions;
  const format = given.format ?? (/\.ya?ml$/i.test(path) ? 'yaml' : 'json');
  if (format !== 'json' && format !== 'yaml')
    throw new InvalidOptionError('file.format', "must be 'json' or 'yaml'", format);
  const interval = numberOption('file.interval', given.interval, 30_000, { above: 0 });
  // The working directory may change under a source that runs for days.
  const place = resolve(path);
  const name = `file:${basename(path).replace(/[^\x21-\x7e]/g, '_')}`;
  const { clock = systemClock, random = systemRandom } = given;
  return polled({
    name,
    clock,
    random,
    retry: Math.min(RETRY, interval),
    maxRetry: interval,
    open: (wake) => openFile({ name, place, format, interval }, wake),
  });
}

interface FileTerms {
  readonly name: string;
  readonly place: string;
  readonly format: 'json' | 'yaml';
  readonly interval: number;
}

function openFile(
  { name, place, format, interval }: FileTerms,
  wake: (delay: number) => void,
): ReturnType<PolledTerms['open']> {
  let watcher: FSWatcher | undefined;
  const unwatch = () => {
    watcher?.close();
    watcher = undefined;
  };
  /** The directory and not the file: a file that is replaced takes its watchers with it. */
  const watchDirectory = () => {
    try {
      watcher ??= watch(dirname(place), { persistent: false }, (_event, changed) => {
        // ConfigMaps turn a link beside the file, `..data`.
        if (changed === null || changed === basename(place) || changed.startsWith('..')) wake(QUIET);
      }).on('error', unwatch);
    } catch {
      // No such directory yet, or no more watches to be had: the interval does it.
    }
  };
  return {
    async read(signal) {
      watchDirectory();
      const text = await readFile(place, { encoding: 'utf8', signal });
      return { endpoints: await readText(name, text, format), wait: interval };
    },
    async close() {
      unwatch();
    },
  };
}

/** @throws DiscoveryError with line and field */
async function readText(name: string, text: string, format: 'json' | 'yaml') {
  let parsed: ParsedText;
  try {
    parsed = format === 'json' ? parseJson(text) : await parseYaml(text);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new DiscoveryError(name, `line ${error.line ?? '?'} ${error.message}`, { line: error.line });
  }
  try {
    return readList(parsed.document, process.env);
  } catch (error) {
    if (!(error instanceof ListError)) throw error;
    const line = parsed.lineOf(error.path);
    const field = pathInWords(error.path);
    const where = field === '' ? '' : `\`${field}\` `;
    throw new DiscoveryError(name, `line ${line}: ${where}${error.message}`, { line, field, cause: error });
  }
}

async function parseYaml(text: string): Promise<ParsedText> {
  const { isNode, LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  // Without `prettyErrors`, which would quote the text: keys may stand in it.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'silent' });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const [error] = document.errors;
  if (error !== undefined) throw new TextError(`is not valid YAML (${error.code})`, lineAt(error.pos[0]));
  return {
    document: document.toJS() as unknown,
    lineOf(path) {
      for (let depth = path.length; depth > 0; depth--) {
        const node = document.getIn(path.slice(0, depth), true);
        if (isNode(node) && node.range) return lineAt(node.range[0]);
      }
      return 1;
    },
  };
}
