import { stringify } from 'node:querystring';
import { type Dispatcher, errors } from 'undici';
import { bytesOf, readBody } from '../../balancer/fetch/fetch-body.js';
import type { BalancedRequest, CancelSignal, RequestOverrides } from '../../core/exchange.js';

/** undici's options, with the balancer's own wishes for this request beside them. */
export type BalancedDispatchOptions = Dispatcher.DispatchOptions & {
  readonly evenkeel?: RequestOverrides | undefined;
};

/**
 * Reads what undici's APIs and `fetch` hand to a dispatcher. The origin is dropped: where a request goes is
 * the balancer's to say.
 *
 * @throws undici's InvalidArgumentError for what undici refuses too, NotSupportedError for CONNECT and upgrades
 */
export function readDispatch(options: BalancedDispatchOptions, signal: CancelSignal): BalancedRequest {
  const { method, upgrade } = options;
  if (typeof method !== 'string') throw new errors.InvalidArgumentError('method must be a string');
  if (method === 'CONNECT' || upgrade) {
    throw new errors.NotSupportedError(
      'A balancer sends requests; it cannot open tunnels (CONNECT, upgrade)',
    );
  }
  const headers = readHeaders(options.headers);
  return {
    method,
    path: readPath(options),
    headers,
    body: readDispatchBody(options.body, headers),
    signal,
    overrides: readOverrides(options),
  };
}

function readPath({ path, query }: BalancedDispatchOptions): string {
  if (typeof path !== 'string') throw new errors.InvalidArgumentError('path must be a string');
  let own = path;
  if (!path.startsWith('/')) {
    if (!/^https?:\/\//.test(path) || !URL.canParse(path)) {
      throw new errors.InvalidArgumentError('path must be an absolute URL or start with a slash');
    }
    const { pathname, search } = new URL(path);
    own = pathname + search;
  }
  if (query === undefined || query === null) return own;
  if (/[?#]/.test(own)) {
    throw new errors.InvalidArgumentError(
      'Query params cannot be passed when url already contains "?" or "#".',
    );
  }
  const text = stringify(query);
  return text === '' ? own : `${own}?${text}`;
}

/** Names in lower case; values of a repeated name joined. */
function readHeaders(source: Dispatcher.DispatchOptions['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  if (source === undefined || source === null) return headers;
  if (typeof source !== 'object') {
    throw new errors.InvalidArgumentError('headers must be an object or an array');
  }
  if (Array.isArray(source)) {
    if (source.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even');
    for (let index = 0; index < source.length; index += 2)
      add(headers, source[index] ?? '', source[index + 1]);
  } else if (Symbol.iterator in source) {
    for (const [name, value] of source as Iterable<[string, string | string[] | undefined]>) {
      add(headers, name, value);
    }
  } else {
    for (const name in source) add(headers, name, (source as Record<string, string | string[]>)[name]);
  }
  return headers;
}

function add(headers: Record<string, string>, name: string, value: string | string[] | undefined): void {
  if (value === undefined) return;
  const key = name.toLowerCase();
  const glue = key === 'cookie' ? '; ' : ', ';
  const text = Array.isArray(value) ? value.join(glue) : String(value ?? '');
  const before = headers[key];
  headers[key] = before === undefined ? text : before + glue + text;
}

function readDispatchBody(body: unknown, headers: Record<string, string>): BalancedRequest['body'] {
  if (body === undefined || body === null) return undefined;
  // Not by `fetch`'s reading: undici gives a string no content type.
  if (typeof body === 'string') return body === '' ? undefined : Buffer.from(body);
  if (body instanceof Uint8Array) return body.byteLength === 0 ? undefined : body;
  if (typeof body === 'object') {
    if (isFormDataLike(body)) return readBody(platformForm(body), headers);
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob) {
      return readBody(body as ArrayBuffer | Blob, headers);
    }
    if (Symbol.asyncIterator in body || Symbol.iterator in body) {
      return bytesOf(body as AsyncIterable<unknown> | Iterable<unknown>);
    }
  }
  throw new errors.InvalidArgumentError(
    'body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable',
  );
}

type FormEntries = Iterable<[string, string | File]>;

/** undici's FormData is another class than the platform's; both are told by their tag. */
function isFormDataLike(body: object): body is FormEntries {
  return (
    (body as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'FormData' &&
    'getAll' in body &&
    Symbol.iterator in body
  );
}

function platformForm(entries: FormEntries): FormData {
  if (entries instanceof FormData) return entries;
  const form = new FormData();
  for (const [name, value] of entries) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, value.name);
  }
  return form;
}

/** undici's two time limits become the clocks that measure the same; 0 switches one off, as in undici. */
function readOverrides({ evenkeel, headersTimeout, bodyTimeout }: BalancedDispatchOptions) {
  if ((headersTimeout ?? bodyTimeout ?? undefined) === undefined) return evenkeel;
  const first = clock(headersTimeout);
  const idle = clock(bodyTimeout);
  return {
    ...evenkeel,
    timeouts: {
      ...(first === undefined ? {} : { firstToken: first, response: first }),
      ...(idle === undefined ? {} : { idle }),
      ...evenkeel?.timeouts,
    },
  };
}

function clock(limit: number | null | undefined): number | undefined {
  return limit === 0 ? Number.POSITIVE_INFINITY : (limit ?? undefined);
}
