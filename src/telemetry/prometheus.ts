import { Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import { optionFields } from '../core/option-checks.js';
import type { DesiredReplicas } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import type { Series } from './definition.js';
import { COUNTERS, GAUGES, HISTOGRAMS, type HistogramName } from './metric-definitions.js';
import { ModelLabels } from './model-labels.js';
import { Tally } from './tally.js';

export interface PrometheusOptions {
  /** Where the metrics go. Default: a registry of their own. */
  readonly registry?: Registry<RegistryContentType>;
  /** What their names begin with. Default `evenkeel_`; `''` for the bare names. */
  readonly prefix?: string;
  /** Value of a `balancer` label, to tell balancers apart that share a registry. Default: no such label. */
  readonly name?: string;
  /** Whose `desired_replicas` is shown: an `Autoscaler`. Default: none, and no such series. */
  readonly autoscaler?: DesiredReplicas;
  /** Models with series of their own; all others are `other`. Default: none, and no series by model. */
  readonly models?: readonly string[];
}

export interface PrometheusMetrics {
  readonly registry: Registry<RegistryContentType>;
  /** Stops counting. The last balancer to stop takes the metrics out of the registry. */
  stop(): void;
}

/**
 * Metrics of a balancer, for Prometheus. Needs `prom-client`.
 *
 * @throws InvalidOptionError for bad options, when a metric of the user's own has one of the names, and when two
 * balancers would share their series
 * @example
 * const { registry } = prometheusMetrics(balancer);
 * console.log(await registry.metrics());
 */
export function prometheusMetrics(
  balancer: LoadBalancer,
  options: PrometheusOptions = {},
): PrometheusMetrics {
  const keys = ['registry', 'prefix', 'name', 'autoscaler', 'models'];
  const given = optionFields('options', options, keys) as PrometheusOptions;
  const { registry = new Registry(), prefix = 'evenkeel_', name, autoscaler, models = [] } = given;
  if (typeof registry?.registerMetric !== 'function')
    throw new InvalidOptionError('options.registry', 'must be a prom-client Registry', registry);
  if (typeof prefix !== 'string' || !/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix))
    throw new InvalidOptionError('options.prefix', 'must be the beginning of a metric name', prefix);
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new InvalidOptionError('options.name', 'must be a string that is not empty', name);
  if (autoscaler !== undefined && (typeof autoscaler !== 'object' || !('desiredReplicas' in autoscaler)))
    throw new InvalidOptionError('options.autoscaler', 'must be an Autoscaler', autoscaler);
  if (!Array.isArray(models) || !models.every((model) => typeof model === 'string'))
    throw new InvalidOptionError('options.models', 'must be a list of names', models);
  const exporter = Exporter.of(registry, prefix);
  const tally = new Tally(new ModelLabels(models));
  return { registry, stop: exporter.attach(name, { balancer, tally, autoscaler }) };
}

/** A balancer whose metrics are exported. */
interface Member {
  readonly balancer: LoadBalancer;
  readonly tally: Tally;
  readonly autoscaler: DesiredReplicas | undefined;
  /** Its own label, or none. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The metrics of one registry and prefix, which any number of balancers share. */
class Exporter {
  static readonly #all = new WeakMap<Registry<RegistryContentType>, Map<string, Exporter>>();

  /** The one that is there, or a new one. */
  static of(registry: Registry<RegistryContentType>, prefix: string): Exporter {
    let exporters = Exporter.#all.get(registry);
    if (exporters === undefined) {
      exporters = new Map();
      Exporter.#all.set(registry, exporters);
    }
    let exporter = exporters.get(prefix);
    // Not the one there was before `registry.clear()`.
    if (exporter === undefined || !exporter.#registered) {
      exporter = new Exporter(registry, prefix);
      exporters.set(prefix, exporter);
    }
    return exporter;
  }

  readonly #registry: Registry<RegistryContentType>;
  readonly #names: string[] = [];
  readonly #histograms: Record<HistogramName, Histogram>;
  readonly #members = new Map<string | undefined, Member>();

  private constructor(registry: Registry<RegistryContentType>, prefix: string) {
    this.#registry = registry;
    const all = { ...COUNTERS, ...GAUGES, ...HISTOGRAMS };
    for (const name of Object.keys(all)) {
      if (registry.getSingleMetric(prefix + name) !== undefined) {
        throw new InvalidOptionError(
          'options.prefix',
          'must keep clear of metrics that are in the registry',
          prefix + name,
        );
      }
      this.#names.push(prefix + name);
    }
    const registers = [registry as Registry];
    for (const [name, { help, labels, read }] of Object.entries(COUNTERS)) {
      const fill = (set: SetValue) => this.#read(read, set);
      new Counter({
        name: prefix + name,
        help,
        labelNames: ['balancer', ...labels],
        registers,
        collect() {
          this.reset();
          fill((series, value) => this.inc(series, value));
        },
      });
    }
    for (const [name, { help, labels, read }] of Object.entries(GAUGES)) {
      const fill = (set: SetValue) => this.#read(read, set);
      new Gauge({
        name: prefix + name,
        help,
        labelNames: ['balancer', ...labels],
        registers,
        collect() {
          this.reset();
          fill((series, value) => this.set(series, value));
        },
      });
    }
    this.#histograms = Object.fromEntries(
      Object.entries(HISTOGRAMS).map(([name, { help, buckets }]) => [
        name,
        new Histogram({
          name: prefix + name,
          help,
          buckets: [...buckets],
          labelNames: ['balancer'],
          registers,
        }),
      ]),
    ) as Record<HistogramName, Histogram>;
  }

  get #registered(): boolean {
    return this.#names.every((name) => this.#registry.getSingleMetric(name) !== undefined);
  }

  /** @returns stops it */
  attach(name: string | undefined, member: Omit<Member, 'labels'>): () => void {
    if (
      this.#members.has(name) ||
      (this.#members.size > 0 && (name === undefined || this.#members.has(undefined)))
    ) {
      throw new InvalidOptionError(
        'options.name',
        'must be given and differ where balancers share a registry',
        name,
      );
    }
    const labels: Member['labels'] = name === undefined ? {} : { balancer: name };
    const { balancer, tally } = member;
    for (const { id } of balancer.endpoints) tally.add(id);
    // Series that are there from the beginning, at zero: a rate needs a first value.
    for (const histogram of Object.values(this.#histograms)) histogram.zero(labels);
    this.#members.set(name, { ...member, labels });
    const unsubscribe = balancer.observe((event) => {
      tally.note(event);
      if (event.type === 'request-finished') {
        this.#observe('request_duration_seconds', labels, event.duration);
      } else if (event.type === 'first-token') {
        this.#observe('time_to_first_token_seconds', labels, event.elapsed);
      } else if (event.type === 'request-dequeued') {
        this.#observe('request_queue_wait_seconds', labels, event.wait);
      } else if (event.type === 'attempt-settled' && event.tokenInterval !== undefined) {
        this.#observe('time_per_output_token_seconds', labels, event.tokenInterval);
      }
    });
    return () => {
      if (this.#members.get(name)?.tally !== tally) return;
      unsubscribe();
      this.#members.delete(name);
      for (const histogram of Object.values(this.#histograms)) histogram.remove(labels);
      if (this.#members.size === 0) for (const one of this.#names) this.#registry.removeSingleMetric(one);
    };
  }

  #observe(name: HistogramName, labels: Member['labels'], milliseconds: number): void {
    this.#histograms[name].observe(labels, milliseconds / 1000);
  }

  #read(read: Series, set: SetValue): void {
    for (const { balancer, tally, autoscaler, labels } of this.#members.values()) {
      for (const [own, value] of read(tally, balancer, autoscaler)) set({ ...labels, ...own }, value);
    }
  }
}

type SetValue = (labels: Record<string, string>, value: number) => void;
