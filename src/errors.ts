/** Why a body broke off after the caller had seen part of it. */
export type StreamErrorCode =
  | 'STREAM_TRUNCATED'
  | 'STREAM_STALLED'
  | 'STREAM_RESET'
  | 'STREAM_PROTOCOL'
  | 'BODY_ABANDONED'
  | 'BALANCER_CLOSED';

/** Codes are stable; messages are for people. */
export type EvenkeelErrorCode =
  | StreamErrorCode
  | 'INVALID_OPTION'
  | 'BODY_UNREADABLE'
  | 'DISCOVERY_FAILED'
  | 'KUBERNETES_API_FAILED'
  | 'WEBHOOK_FAILED';

const BRAND = Symbol.for('evenkeel.error');

/**
 * Base of the library's errors. `isEvenkeelError` works across copies of the package, `instanceof` may not.
 */
export class EvenkeelError extends Error {
  readonly code: EvenkeelErrorCode;
  readonly [BRAND] = true;

  constructor(code: EvenkeelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * An option was refused at construction. `option`, `rule` and `value` say why. A value may hold keys, so loggers
 * that print an error's fields do not see it.
 */
export class InvalidOptionError extends EvenkeelError {
  /** Where it stands, as in `options.retry.maxAttempts`. */
  readonly option: string;
  /** What it must be. */
  readonly rule: string;
  readonly #value: unknown;

  constructor(option: string, rule: string, value: unknown) {
    super('INVALID_OPTION', `Option \`${option}\` ${rule}; got ${show(value)}`);
    this.option = option;
    this.rule = rule;
    this.#value = value;
  }

  /** What it is. */
  get value(): unknown {
    return this.#value;
  }
}

/** A response body broke off after the caller had seen part of it. Never an AbortError: clients take that for an end. */
export class StreamError extends EvenkeelError {
  declare readonly code: StreamErrorCode;
  /** Id of the endpoint that was streaming. */
  readonly endpoint: string;

  constructor(code: StreamErrorCode, message: string, endpoint: string, options?: ErrorOptions) {
    super(code, message, options);
    this.endpoint = endpoint;
  }
}

/** A list of endpoints could not be read, or is not fit to be used. Comes with the event `discovery-failed`. */
export class DiscoveryError extends EvenkeelError {
  /** Name of the source. */
  readonly source: string;
  /** Line of the mistake, from 1, where the list is a text. */
  readonly line: number | undefined;
  /** The field that is wrong, as in `endpoints[2].weight`. */
  readonly field: string | undefined;

  constructor(
    source: string,
    message: string,
    options: ErrorOptions & { readonly line?: number | undefined; readonly field?: string | undefined } = {},
  ) {
    super('DISCOVERY_FAILED', `${source}: ${message}`, options);
    this.source = source;
    this.line = options.line;
    this.field = options.field;
  }
}

/** Whether it is an error of this library, also of another copy of the package. */
export function isEvenkeelError(value: unknown): value is EvenkeelError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** The value for people: short, on one line, and never a secret's container. */
function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  if (typeof value === 'function') return 'a function';
  return String(value);
}
