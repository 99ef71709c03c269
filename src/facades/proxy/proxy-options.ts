import type { RequestOverrides } from '../../core/exchange.js';
import { booleanOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import { checkPrefix } from './forwarded-path.js';

/** Headers to set on the way to the endpoints; `undefined` removes one. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;

/** What every server-side facade takes. `Incoming` is the request as its framework knows it. */
export interface ProxyOptions<Incoming> {
  /**
   * Whether the peer is a proxy of yours, whose `x-forwarded-*` can be believed. Default false.
   *
   * `x-forwarded-for` is appended to either way. When false, `x-real-ip`, `x-forwarded-proto` and
   * `x-forwarded-host` are set from the connection; when true, the ones that came are kept, and sticky
   * policies go by the first address of `x-forwarded-for`.
   */
  readonly trustProxy?: boolean;
  /**
   * What to take off the front of the path the caller asked for. `''`: nothing.
   * Default: the path it is mounted at, but for a version at its end: `/llm` is taken off, `/v1` is kept,
   * of `/llm/v1` only `/llm` is taken off.
   */
  readonly stripPrefix?: string;
  /** Headers to add to a request, or to remove (`undefined`), before it goes to an endpoint. */
  headers?(request: Incoming): HeaderChanges;
  /** Priority, affinity key, timeouts and the like for a request. */
  overrides?(request: Incoming): RequestOverrides | undefined;
}

const PROXY_OPTIONS = ['trustProxy', 'stripPrefix', 'headers', 'overrides'] as const;

export interface ProxySettings<Incoming> {
  readonly trustProxy: boolean;
  readonly stripPrefix: string | undefined;
  readonly headers: ((request: Incoming) => HeaderChanges) | undefined;
  readonly overrides: ((request: Incoming) => RequestOverrides | undefined) | undefined;
}

/**
 * Checks a facade's options.
 *
 * @param extra options of this facade beside the shared ones, which it checks itself
 * @throws InvalidOptionError naming the option, the rule and the value
 */
export function proxySettings<Incoming>(
  options: ProxyOptions<Incoming> | undefined,
  extra: readonly string[] = [],
): ProxySettings<Incoming> {
  const given = optionFields('options', options, [...PROXY_OPTIONS, ...extra]) as ProxyOptions<Incoming>;
  return {
    trustProxy: booleanOption('options.trustProxy', given.trustProxy, false),
    stripPrefix: checkPrefix('options.stripPrefix', given.stripPrefix),
    headers: functionOption('options.headers', given.headers)?.bind(given),
    overrides: functionOption('options.overrides', given.overrides)?.bind(given),
  };
}

/** @throws InvalidOptionError when it is given and no function */
export function functionOption<T>(option: string, value: T): T {
  if (value !== undefined && typeof value !== 'function')
    throw new InvalidOptionError(option, 'must be a function', value);
  return value;
}

/** Applies changes of headers, whose names may be in any case. */
export function changeHeaders(headers: Record<string, string>, changes: HeaderChanges): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value;
  }
}
