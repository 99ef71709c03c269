import type { Clock, Random } from '../core/clock.js';
import type { DiscoverySource } from '../core/discovery.js';
import {
  booleanOption,
  functionOption,
  numberOption,
  optionFields,
  withMethods,
} from '../core/option-checks.js';
import type { SelectionPolicy } from '../core/policy.js';
import type { ResumeStrategy } from '../core/resume.js';
import type { Timeouts } from '../core/timeouts.js';
import { InvalidOptionError } from '../errors.js';
import { leastOutstanding } from '../policies/least-outstanding.js';
import { type HedgeOptions, resolveHedgeOptions } from '../retries/hedge-options.js';
import { resolveResumeOption } from '../retries/resume-option.js';
import {
  type ResolvedRetryOptions,
  type RetryOptions,
  resolveRetryOptions,
} from '../retries/retry-options.js';
import type { AdmissionOptions } from '../state/admission.js';
import { type BreakerOptions, resolveBreakerOptions } from '../state/breaker-options.js';
import type { Endpoint } from '../state/endpoint.js';
import { resolveSlowStartOptions, type SlowStartOptions } from '../state/slow-start.js';
import { systemClock, systemRandom } from '../system.js';
import type { RequestFacts } from './inspect-request.js';
import type { AttemptHeaders } from './options/attempt-headers-option.js';
import { type EndpointsOption, resolveEndpointsOption } from './options/endpoints-option.js';
import { type Logger, silentLogger } from './options/logger.js';
import { type DiscoverModelsOptions, resolveDiscoverModels } from './options/model-list-options.js';
import { type ProbeOptions, resolveProbeOptions } from './options/probe-options.js';
import { DEFAULT_TIMEOUTS, longestWait, resolveTimeouts } from './options/timeouts-option.js';
import { resolveWarmPoolOptions, type WarmPoolOptions } from './options/warm-pool-options.js';

/** What a balancer is made of. Only `endpoints` is required. */
export interface LoadBalancerOptions {
  /**
   * The model servers: a list of at least one, or what tells the list whenever it changes: a source such as
   * `dns()`, or anything that can be iterated asynchronously.
   */
  readonly endpoints: EndpointsOption;
  /** Who gets a request. Default `leastOutstanding()`. */
  readonly policy?: SelectionPolicy;
  /** The clocks of a request and its attempts, in ms. Each has a default of its own. */
  readonly timeouts?: Partial<Timeouts>;
  /** When to try again; `false`: never. */
  readonly retry?: RetryOptions | false;
  /** A second attempt beside a slow one; `true` takes the defaults. Default: off. */
  readonly hedge?: Partial<HedgeOptions> | boolean;
  /** Continues a chat stream that breaks off on another endpoint; `true`: with `continueFinalMessage()`. Default: not. */
  readonly resume?: boolean | ResumeStrategy;
  /** When to stop using an endpoint; `false`: never. */
  readonly breaker?: Partial<BreakerOptions> | false;
  /** Where requests wait when every endpoint is at `maxOutstanding`. */
  readonly admission?: Partial<AdmissionOptions>;
  /** How an endpoint that joins or returns is eased in; `false`: at once. */
  readonly slowStart?: Partial<SlowStartOptions> | false;
  /** How endpoints with a `healthPath` are asked for their health. */
  readonly probe?: Partial<ProbeOptions>;
  /** Asks endpoints without `models` which they serve; `true` takes the defaults. Default: not, they serve every model. */
  readonly discoverModels?: Partial<DiscoverModelsOptions> | boolean;
  /** When endpoints on standby are activated and put back; `false`: by call alone. */
  readonly warmPool?: Partial<WarmPoolOptions> | false;
  /** How long streams of an endpoint that has left may run on, in ms, before they are cut. Default 600 000. */
  readonly drainTimeout?: number;
  /**
   * How far a tier stands in for its own endpoints that are down before the next tier gets a share:
   * min(1, overProvisioning x healthy weight / weight) of the requests stay. At least 1; `Infinity`: all of them,
   * as long as one is left. Default 1.4.
   */
  readonly overProvisioning?: number;
  /** Key for sticky selection. */
  readonly affinityKey?: (request: RequestFacts) => string | undefined;
  /** Prompt length in tokens. Default: body bytes / 4. */
  readonly estimateTokens?: (request: RequestFacts) => number;
  /**
   * Headers for one attempt, beside the caller's, which they replace; an endpoint's own `headers` win over both.
   * For a trace context that names the attempt. Called after `attempt-started`, with the endpoint's id.
   */
  readonly attemptHeaders?: AttemptHeaders;
  /**
   * Processes that send to the same endpoints, this one included; integer >= 1, default 1. Each endpoint's
   * `maxOutstanding` is divided by it, rounded up: of 64 outstanding, each of 4 processes may have 16.
   */
  readonly share?: number;
  /**
   * Whether answers tell what they waited for, in a header `server-timing`, in ms: `queue`, `retry` where there were
   * attempts before, `connect`, and `first-token`, or `response` where nothing streams. Default false.
   */
  readonly serverTiming?: boolean;
  /** Largest request body, in bytes. Default 4 MiB. A larger one is answered with 413. */
  readonly maxBodyBytes?: number;
  /** pino-shaped. Default: silent. Never told bodies or credentials. */
  readonly logger?: Logger;
  /** Time, for tests. Default: the system's. */
  readonly clock?: Clock;
  /** Randomness, for tests. Default: the system's. */
  readonly random?: Random;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  /** Those it begins with. */
  readonly endpoints: readonly Endpoint[];
  /** Tells all others. */
  readonly source: DiscoverySource | undefined;
  readonly policy: SelectionPolicy;
  readonly timeouts: Timeouts;
  readonly retry: ResolvedRetryOptions | undefined;
  readonly hedge: HedgeOptions | undefined;
  readonly resume: ResumeStrategy | undefined;
  readonly breaker: BreakerOptions | undefined;
  readonly admission: AdmissionOptions;
  readonly slowStart: SlowStartOptions | false;
  readonly probe: ProbeOptions;
  readonly discoverModels: DiscoverModelsOptions | undefined;
  readonly warmPool: ReturnType<typeof resolveWarmPoolOptions>;
  readonly drainTimeout: number;
  readonly overProvisioning: number;
  readonly affinityKey: ((request: RequestFacts) => string | undefined) | undefined;
  readonly estimateTokens: ((request: RequestFacts) => number) | undefined;
  readonly attemptHeaders: AttemptHeaders | undefined;
  readonly share: number;
  readonly serverTiming: boolean;
  readonly maxBodyBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

const KEYS: readonly (keyof LoadBalancerOptions)[] = [
  'endpoints',
  'policy',
  'timeouts',
  'retry',
  'hedge',
  'resume',
  'breaker',
  'admission',
  'slowStart',
  'probe',
  'discoverModels',
  'warmPool',
  'drainTimeout',
  'overProvisioning',
  'affinityKey',
  'estimateTokens',
  'attemptHeaders',
  'share',
  'serverTiming',
  'maxBodyBytes',
  'logger',
  'clock',
  'random',
];

/** @throws InvalidOptionError naming the option, the rule and the value */
export function resolveOptions(options: unknown): ResolvedOptions {
  const given = optionFields<LoadBalancerOptions>('options', options ?? 'nothing', KEYS);
  const share = numberOption('share', given.share, 1, { integer: true, min: 1 });
  const random = functionOption('random', given.random) ?? systemRandom;
  const timeouts = resolveTimeouts('timeouts', given.timeouts, DEFAULT_TIMEOUTS);
  return {
    ...resolveEndpointsOption(given.endpoints, share),
    policy: resolvePolicy(given.policy),
    timeouts,
    retry: given.retry === false ? undefined : resolveRetryOptions(given.retry, random),
    hedge: resolveHedgeOptions(given.hedge),
    resume: resolveResumeOption(given.resume, given.retry === false),
    breaker:
      given.breaker === false ? undefined : resolveBreakerOptions(given.breaker, longestWait(timeouts)),
    admission: resolveAdmission(given.admission),
    slowStart: resolveSlowStartOptions(given.slowStart),
    probe: resolveProbeOptions(given.probe),
    discoverModels: resolveDiscoverModels(given.discoverModels),
    warmPool: resolveWarmPoolOptions(given.warmPool),
    // As Envoy's --drain-time-s.
    drainTimeout: numberOption('drainTimeout', given.drainTimeout, 600_000, { min: 0, infinite: true }),
    // Envoy's overprovisioning_factor.
    overProvisioning: numberOption('overProvisioning', given.overProvisioning, 1.4, {
      min: 1,
      infinite: true,
    }),
    affinityKey: functionOption('affinityKey', given.affinityKey),
    estimateTokens: functionOption('estimateTokens', given.estimateTokens),
    attemptHeaders: functionOption('attemptHeaders', given.attemptHeaders),
    share,
    serverTiming: booleanOption('serverTiming', given.serverTiming, false),
    maxBodyBytes: numberOption('maxBodyBytes', given.maxBodyBytes, 4 * 1024 * 1024, {
      integer: true,
      min: 1,
    }),
    logger: withMethods('logger', given.logger, ['debug', 'info', 'warn', 'error']) ?? silentLogger,
    clock: withMethods('clock', given.clock, ['now', 'wallTime', 'setTimer']) ?? systemClock,
    random,
  };
}

function resolveAdmission(options: unknown): AdmissionOptions {
  const given = optionFields('admission', options, ['maxQueued', 'maxWait']);
  return {
    maxQueued: numberOption('admission.maxQueued', given.maxQueued, 1_000, { integer: true, min: 0 }),
    maxWait: numberOption('admission.maxWait', given.maxWait, 30_000, { above: 0, infinite: true }),
  };
}

function resolvePolicy(policy: SelectionPolicy | undefined): SelectionPolicy {
  if (typeof policy === 'string') {
    throw new InvalidOptionError('policy', 'must be a value such as leastOutstanding(), not a name', policy);
  }
  const resolved = withMethods('policy', policy, ['select']) ?? leastOutstanding();
  if (resolved.sample !== undefined) {
    const sample = optionFields('policy.sample', resolved.sample, ['above', 'size']);
    for (const key of ['above', 'size'] as const)
      numberOption(`policy.sample.${key}`, sample[key] ?? Number.NaN, 1, { integer: true, min: 1 });
  }
  return resolved;
}
