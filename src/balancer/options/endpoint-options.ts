import type { EndpointConfig } from '../../core/endpoint.js';
import { booleanOption, numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import type { Endpoint } from '../../state/endpoint.js';
import { resolveMetrics } from './metrics-options.js';
import { shownUrl } from './shown-url.js';

const KEYS: readonly (keyof EndpointConfig)[] = [
  'url',
  'id',
  'weight',
  'tier',
  'maxOutstanding',
  'models',
  'headers',
  'labels',
  'quotaGroup',
  'healthPath',
  'initialDelay',
  'standby',
  'metrics',
];
const LONGEST_ID = 256;

/**
 * Fills in the defaults of a list of endpoints.
 *
 * @param share processes among which each endpoint's `maxOutstanding` is divided
 * @throws InvalidOptionError naming the endpoint's place in the list, as in `endpoints[2].weight`
 */
export function resolveEndpoints(configs: unknown, share = 1): Endpoint[] {
  if (!Array.isArray(configs)) throw new InvalidOptionError('endpoints', 'must be an array', configs);
  const ids = new Set<string>();
  return configs.map((config, index) => {
    const endpoint = resolveEndpoint(config, `endpoints[${index}]`, share);
    if (ids.has(endpoint.id)) {
      throw new InvalidOptionError(
        `endpoints[${index}].id`,
        'must be unique (it defaults to the url)',
        endpoint.id,
      );
    }
    ids.add(endpoint.id);
    return endpoint;
  });
}

/** One endpoint; `option` is its name in messages. */
export function resolveEndpoint(config: unknown, option: string, share = 1): Endpoint {
  const given = optionFields(option, config, KEYS);
  const url = resolveUrl(`${option}.url`, given.url);
  const metrics = resolveMetrics(`${option}.metrics`, given.metrics, url);
  return {
    id: resolveId(`${option}.id`, given.id ?? shownUrl(String(given.url))),
    url: String(given.url),
    basePath: url.pathname.replace(/\/+$/, ''),
    weight: numberOption(`${option}.weight`, given.weight, 1, { min: 0 }),
    tier: numberOption(`${option}.tier`, given.tier, 0, { integer: true, min: 0 }),
    maxOutstanding: resolveLimit(`${option}.maxOutstanding`, given.maxOutstanding, share),
    models: resolveModels(`${option}.models`, given.models),
    headers: withAsked(metrics, resolveHeaders(`${option}.headers`, given.headers)),
    labels: strings(`${option}.labels`, given.labels) ?? {},
    quotaGroup: resolveName(`${option}.quotaGroup`, given.quotaGroup),
    healthPath: resolvePath(`${option}.healthPath`, given.healthPath),
    initialDelay: numberOption(`${option}.initialDelay`, given.initialDelay, 0, { min: 0 }),
    standby: booleanOption(`${option}.standby`, given.standby, false),
    metrics,
  };
}

/** What the parsers want the endpoint to be sent with every request; the user's own headers win. */
function withAsked(
  metrics: Endpoint['metrics'],
  headers: Endpoint['headers'],
): Readonly<Record<string, string>> | undefined {
  const asked = metrics.map(({ parser }) => parser.requestHeaders).filter((one) => one !== undefined);
  return asked.length === 0 ? headers : Object.assign({}, ...asked, headers);
}

/** A limit that finds itself out finds out its share as well: the others' requests are in the answers. */
function resolveLimit(option: string, value: unknown, share: number): number | 'adaptive' {
  if (value === 'adaptive') return value;
  if (typeof value === 'string') {
    throw new InvalidOptionError(option, "must be an integer, at least 1, or 'adaptive'", value);
  }
  const limit = numberOption(option, value, Number.POSITIVE_INFINITY, { integer: true, min: 1 });
  // Rounded up: no process is left without a place, and no place without a process.
  return Math.ceil(limit / share);
}

function resolveUrl(option: string, value: unknown): URL {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    throw new InvalidOptionError(option, 'must be an absolute URL, as in http://10.0.0.1:8000', shown(value));
  }
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidOptionError(option, 'must begin with http:// or https://', shown(value));
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidOptionError(option, 'must hold no credentials; use the headers option', shown(value));
  }
  if (url.search !== '' || url.hash !== '') {
    throw new InvalidOptionError(option, 'must have no query and no fragment', shown(value));
  }
  return url;
}

/** A URL, or a path, for a message, without the parts in which secrets may stand. */
function shown(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replace(/\/\/[^/]*@/, '//…@').replace(/^((?:[^/?#]*\/\/)?[^/?#]*)[/?#].*$/s, '$1/…');
}

/** Ids stand in response headers, so they must be fit for one. */
function resolveId(option: string, value: unknown): string {
  if (
    typeof value !== 'string' ||
    !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value) ||
    value.length > LONGEST_ID
  ) {
    throw new InvalidOptionError(option, `must be 1 to ${LONGEST_ID} printable ASCII characters`, value);
  }
  return value;
}

function resolveName(option: string, value: unknown): string | undefined {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw new InvalidOptionError(option, 'must be a string that is not empty', value);
  }
  return value as string | undefined;
}

function resolvePath(option: string, value: unknown): string | undefined {
  if (value !== undefined && (typeof value !== 'string' || !/^\/[\x21\x22\x24-\x7e]*$/.test(value))) {
    throw new InvalidOptionError(
      option,
      'must be a path that begins with / and has no spaces and no fragment',
      shown(value),
    );
  }
  return value as string | undefined;
}

function resolveModels(option: string, value: unknown): ReadonlyMap<string, string> | undefined {
  if (value === undefined) return undefined;
  const pairs = Array.isArray(value)
    ? value.map((model) => [model, model] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  const valid = pairs.every(([requested, served]) => isText(requested) && isText(served));
  if (pairs.length === 0 || !valid) {
    throw new InvalidOptionError(
      option,
      'must be a list of model names, or a map from requested to served name, not empty',
      value,
    );
  }
  return new Map(pairs as [string, string][]);
}

function resolveHeaders(option: string, value: unknown): Readonly<Record<string, string>> | undefined {
  const headers = strings(option, typeof value === 'string' ? 'a text that is not shown' : value);
  if (headers === undefined) return undefined;
  const lower: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers)) {
    // Values are not shown: they are where keys stand.
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
      throw new InvalidOptionError(
        `${option}.${name}`,
        'must be a valid HTTP header',
        'a value that is not shown',
      );
    }
    lower[name.toLowerCase()] = text;
  }
  return lower;
}

function strings(option: string, value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(option, 'must be an object of strings', value);
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw new InvalidOptionError(`${option}.${key}`, 'must be a string', typeof text);
  }
  return { ...value } as Record<string, string>;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
