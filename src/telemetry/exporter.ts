import { Counter, Gauge, type Metric, type Registry, type RegistryContentType } from 'prom-client';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { DesiredReplicas } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import { BalancerHistograms, type HistogramMetrics } from './balancer-histograms.js';
import type { Series } from './definition.js';
import type { ExemplarLabels } from './exemplar.js';
import { HISTOGRAMS } from './histogram-definitions.js';
import { HistogramMetric } from './histogram-metric.js';
import { COUNTERS, GAUGES } from './metric-definitions.js';
import type { Tally } from './tally.js';

/** A balancer whose metrics are exported. */
interface Member {
  readonly balancer: LoadBalancer;
  readonly tally: Tally;
  readonly autoscaler: DesiredReplicas | undefined;
  /** Its own label, or none. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What is to be exported, and how. */
type Joining = Omit<Member, 'labels'> & { readonly exemplar: ExemplarLabels | undefined };

/** The metrics of one registry and prefix, which any number of balancers share. */
export class Exporter {
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
  readonly #histograms: HistogramMetrics;
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
    const histograms = Object.entries(HISTOGRAMS).map(([name, { help, buckets }]) => {
      const histogram = new HistogramMetric(prefix + name, help, buckets);
      // All that a registry asks of a metric, it has. prom-client's types know its own four classes alone, whose
      // constructor resets what a subclass has not set up yet, and would bring an `observe` that counts nowhere.
      registry.registerMetric(histogram as unknown as Metric);
      return [name, histogram] as const;
    });
    this.#histograms = Object.fromEntries(histograms) as HistogramMetrics;
  }

  get #registered(): boolean {
    return this.#names.every((name) => this.#registry.getSingleMetric(name) !== undefined);
  }

  /** @returns stops it */
  attach(name: string | undefined, { exemplar, ...joining }: Joining): () => void {
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
    const { balancer, tally } = joining;
    const histograms = new BalancerHistograms(this.#histograms, labels, exemplar);
    for (const { id } of balancer.endpoints) tally.add(id);
    this.#members.set(name, { ...joining, labels });
    const stops = [balancer.observe(tally.handlers), balancer.observe(histograms.handlers)];
    return () => {
      if (this.#members.get(name)?.tally !== tally) return;
      for (const stop of stops) stop();
      this.#members.delete(name);
      histograms.remove();
      if (this.#members.size === 0) for (const one of this.#names) this.#registry.removeSingleMetric(one);
    };
  }

  #read(read: Series, set: SetValue): void {
    for (const { balancer, tally, autoscaler, labels } of this.#members.values()) {
      for (const [own, value] of read(tally, balancer, autoscaler)) set({ ...labels, ...own }, value);
    }
  }
}

type SetValue = (labels: Record<string, string>, value: number) => void;
