import { Agent, request } from 'undici';
import type { Clock, Random } from '../core/clock.js';
import type { DiscoverySource } from '../core/discovery.js';
import type { EndpointConfig } from '../core/endpoint.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { DiscoveryError, InvalidOptionError } from '../errors.js';
import { systemClock, systemRandom } from '../system.js';
import { ListError, pathInWords } from './reading/list-error.js';
import { type PolledTerms, polled } from './reading/polled.js';
import { readList } from './reading/read-list.js';

/** Options of `http`. */
export interface HttpOptions {
  /** How often the list is asked for, in ms; each wait is random in [0.8, 1) of it. Default 10 000. */
  readonly interval?: number;
  /** How long an answer may take, in ms. Default 5 000. */
  readonly timeout?: number;
  /** Sent with every request, to this url alone. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes endpoints of a list in a shape of its own: gets the parsed JSON. What it throws is reported. */
  readonly read?: (document: unknown) => readonly EndpointConfig[];
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** For tests. Default: `Math.random`. */
  readonly random?: Random;
}

const KEYS: readonly (keyof HttpOptions)[] = ['interval', 'timeout', 'headers', 'read', 'clock', 'random'];
const RETRY = 1_000;
const LARGEST_LIST = 4 * 1024 * 1024;

/**
 * Endpoints from a url that answers with JSON, asked for again and again, with `if-none-match` where the answer had
 * an `etag`. Anything but 200 and 304, and a list that cannot be used, is a failure: the last list stays.
 *
 * @param url of a list of endpoints, an object with `endpoints`, or LiteLLM's `/model/info`
 * @throws InvalidOptionError naming the option, the rule and the value
 * @example
 * new LoadBalancer({ endpoints: http('http://inventory.internal/endpoints.json') });
 */
export function http(url: string, options: HttpOptions = {}): DiscoverySource {
  if (typeof url !== 'string' || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new InvalidOptionError('http.url', 'must be an http or https url', 'a text that is not shown');
  if (new URL(url).username !== '' || new URL(url).password !== '')
    throw new InvalidOptionError(
      'http.url',
      'must hold no credentials; use the headers option',
      'a text that is not shown',
    );
  const given = optionFields('http', options, KEYS) as HttpOptions;
  const { clock = systemClock, random = systemRandom, headers = {}, read } = given;
  const interval = numberOption('http.interval', given.interval, 10_000, { above: 0 });
  const timeout = numberOption('http.timeout', given.timeout, 5_000, { above: 0 });
  if (read !== undefined && typeof read !== 'function')
    throw new InvalidOptionError('http.read', 'must be a function', read);
  // Without its query, where keys stand.
  const name = `http:${new URL(url).host}${new URL(url).pathname}`;
  const wait = () => interval * (0.8 + 0.2 * random());
  return polled({
    name,
    clock,
    random,
    retry: Math.min(RETRY, interval),
    maxRetry: interval,
    open: () => openUrl({ name, url, headers, timeout, clock, wait, read: read ?? readList }),
  });
}

interface HttpTerms {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: number;
  readonly clock: Clock;
  readonly wait: () => number;
  readonly read: (document: unknown) => readonly EndpointConfig[];
}

function openUrl({
  name,
  url,
  headers,
  timeout,
  clock,
  wait,
  read,
}: HttpTerms): ReturnType<PolledTerms['open']> {
  // Its own, so that it can be closed; undici's clocks would not stand still with ours.
  const agent = new Agent({ connections: 1, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 0 } });
  let etag: string | undefined;
  return {
    async read(signal) {
      const late = new AbortController();
      const stop = () => late.abort(signal.reason);
      signal.addEventListener('abort', stop);
      const timer = clock.setTimer(() => late.abort(new Error(`no answer in ${timeout} ms`)), timeout);
      timer.unref?.();
      try {
        const {
          statusCode,
          headers: answered,
          body,
        } = await request(url, {
          dispatcher: agent,
          signal: late.signal,
          headers: {
            accept: 'application/json',
            ...headers,
            ...(etag === undefined ? {} : { 'if-none-match': etag }),
          },
        });
        if (statusCode !== 200) await body.dump();
        if (statusCode === 304) return { endpoints: undefined, wait: wait() };
        if (statusCode !== 200) throw new DiscoveryError(name, `answered ${statusCode}`);
        const endpoints = readBody(name, await textOf(name, body), read);
        etag = typeof answered.etag === 'string' ? answered.etag : undefined;
        return { endpoints, wait: wait() };
      } finally {
        signal.removeEventListener('abort', stop);
        timer.close();
      }
    },
    close: () => agent.destroy(),
  };
}

async function textOf(name: string, body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > LARGEST_LIST) throw new DiscoveryError(name, `answered with more than ${LARGEST_LIST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readBody(name: string, text: string, read: HttpTerms['read']): readonly EndpointConfig[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own words would quote the text: keys may stand in it.
    throw new DiscoveryError(name, 'answered with something that is not JSON');
  }
  try {
    return read(document);
  } catch (error) {
    if (!(error instanceof ListError)) throw error;
    const field = pathInWords(error.path);
    throw new DiscoveryError(name, `${field === '' ? '' : `\`${field}\` `}${error.message}`, {
      field,
      cause: error,
    });
  }
}
