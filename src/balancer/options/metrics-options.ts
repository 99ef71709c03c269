import { numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import type { LoadSource } from '../../state/load-source.js';

const KEYS = ['url', 'parser', 'interval'];

/**
 * Where an endpoint's load is read.
 *
 * @param option its name in messages, as in `endpoints[0].metrics`
 * @param endpoint the endpoint's own URL
 * @throws InvalidOptionError
 */
export function resolveMetrics(option: string, value: unknown, endpoint: URL): readonly LoadSource[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [resolveSource(option, value, endpoint)];
  const sources = value.map((one, index) => resolveSource(`${option}[${index}]`, one, endpoint));
  const keys = new Set(sources.map(({ key }) => key));
  if (keys.size < sources.length)
    throw new InvalidOptionError(
      option,
      'must not read one page twice with the same parser',
      sources.map(({ parser }) => parser.name),
    );
  return sources;
}

function resolveSource(option: string, value: unknown, endpoint: URL): LoadSource {
  const given = optionFields(option, value ?? 'nothing', KEYS);
  const { parser } = given as { parser?: LoadSource['parser'] };
  if (typeof parser?.parse !== 'function' || typeof parser.name !== 'string')
    throw new InvalidOptionError(
      `${option}.parser`,
      'must be a parser with name and parse(), such as vllm()',
      parser,
    );
  const url = given.url === undefined ? defaultPage(parser, endpoint) : pageOf(`${option}.url`, given.url);
  return {
    key: `${parser.name} ${url?.href ?? 'headers'}`,
    origin: url?.origin === endpoint.origin ? undefined : url?.origin,
    path: url === undefined ? undefined : url.pathname + url.search,
    parser,
    // Faster than this is a storm: every balancer asks every endpoint.
    interval: numberOption(`${option}.interval`, given.interval, 2_000, { min: 50 }),
  };
}

function defaultPage({ path, port }: LoadSource['parser'], endpoint: URL): URL | undefined {
  if (path === undefined) return undefined;
  const url = new URL(path, endpoint);
  if (port !== undefined) url.port = String(port);
  return url;
}

function pageOf(option: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // Not shown: a URL that is refused for its credentials has some.
    throw new InvalidOptionError(
      option,
      'must be an absolute http or https URL without credentials, as in http://10.0.0.1:9400/metrics',
      typeof value === 'string' ? 'a text that is not shown' : value,
    );
  }
  return url;
}
