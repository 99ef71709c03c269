import type { Clock } from '../../core/clock.js';
import { InvalidOptionError } from '../../errors.js';
import { systemClock } from '../../system.js';
import { CompletionText } from './completion-text.js';
import { type MockServiceOptions, serviceSettings } from './service-model.js';

/** Options of `MockLlmServer`. */
export interface MockLlmServerOptions {
  /** Comes back in `x-mock-server`, in ids and in `system_fingerprint`. Default `mock`. */
  readonly name?: string;
  /** On 127.0.0.1. Default 0: one that is free. */
  readonly port?: number;
  /** Default `['mock-model']`. */
  readonly models?: readonly string[];
  /** Answers 404 for a model that is not in `models`. Default false. */
  readonly strictModels?: boolean;
  /** Length of an answer in tokens; a smaller limit in the request wins. `Infinity`: streams without end. Default 16, or all of `text`. */
  readonly tokens?: number;
  /** What answers consist of, started over when it is too short. */
  readonly text?: string;
  /** Uses a built-in text of two-, three- and four-byte characters. Default false. */
  readonly multibyte?: boolean;
  /** How long things take. Default: no time. */
  readonly service?: MockServiceOptions;
  /** Runs the service model and the faults' intervals. Default: the system's. */
  readonly clock?: Clock;
  /** Recent requests kept in `requests`, and at most 64 MiB of bodies. Default 1000. */
  readonly keepRequests?: number;
  /** Milliseconds after which an idle connection is closed. Default 5000, as Node's. */
  readonly keepAliveTimeout?: number;
}

export type MockSettings = ReturnType<typeof mockSettings>;

export function mockSettings(options: MockLlmServerOptions) {
  const { name = 'mock', port = 0, models = ['mock-model'], keepRequests = 1000 } = options;
  const text = new CompletionText(options.text, options.multibyte ?? false);
  const tokens = options.tokens ?? (options.text === undefined ? 16 : text.length);
  const keepAliveTimeout = options.keepAliveTimeout ?? 5000;
  requireThat(/^[\w.:-]+$/.test(name), 'name', 'must consist of letters, digits, `_`, `.`, `:`, `-`', name);
  requireThat(Number.isInteger(port) && port >= 0 && port < 65_536, 'port', 'must be a port or 0', port);
  requireThat(models.length > 0, 'models', 'must name at least one model', models);
  const countable = tokens === Number.POSITIVE_INFINITY || (Number.isInteger(tokens) && tokens >= 0);
  requireThat(countable, 'tokens', 'must be a whole number from 0 or Infinity', tokens);
  const keepable = Number.isInteger(keepRequests) && keepRequests >= 0;
  requireThat(keepable, 'keepRequests', 'must be a whole number from 0', keepRequests);
  requireThat(keepAliveTimeout >= 0, 'keepAliveTimeout', 'must be 0 ms or more', keepAliveTimeout);
  return {
    name,
    port,
    models,
    tokens,
    text,
    keepRequests,
    keepAliveTimeout,
    strictModels: options.strictModels ?? false,
    clock: options.clock ?? systemClock,
    service: serviceSettings(options.service ?? {}),
  };
}

function requireThat(holds: boolean, option: string, rule: string, value: unknown): void {
  if (!holds) throw new InvalidOptionError(option, rule, value);
}
