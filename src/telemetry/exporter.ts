import { Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { DesiredReplicas } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import type { Series } from './definition.js';
import type { ExemplarLabels } from './exemplar.js';
import { HISTOGRAMS, type HistogramName } from './histogram-definitions.js';
import { type Measurement, measurement } from './measurement.js';
import { COUNTERS, GAUGES } from './metric-definitions.js';
import { OPERATIONS } from './operation.js';
import type { Tally } from './tally.js';

/** A balancer whose metrics are exported. */
interface Member {
  readonly balancer: LoadBalancer;
  readonly tally: Tally;
  readonly autoscaler: DesiredReplicas | undefined;
  readonly exemplar: ExemplarLabels | undefined;
  /** Its own label, or none. */
  readonly labels: Readonly<Record<string, string>>;
}

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
  readonly #histograms: Record<HistogramName, Histogram>;
  /** prom-client's histograms take other arguments then. */
  readonly #exemplars: boolean;
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
    this.#exemplars = registry.contentType === Registry.OPENMETRICS_CONTENT_TYPE;
    this.#histograms = Object.fromEntries(
      Object.entries(HISTOGRAMS).map(([name, { help, buckets, labels }]) => [
        name,
        new Histogram({
          name: prefix + name,
          help,
          buckets: [...buckets],
          labelNames: ['balancer', ...labels],
          registers,
          enableExemplars: this.#exemplars,
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
    const whole: Member = { ...member, labels };
    const { balancer, tally } = member;
    for (const { id } of balancer.endpoints) tally.add(id);
    const own = seriesOf(labels);
    // Series that are there from the beginning, at zero: a rate needs a first value.
    for (const [name, series] of own) this.#histograms[name].zero(series);
    this.#members.set(name, whole);
    const unsubscribe = balancer.observe((event) => {
      tally.note(event);
      const measured = measurement(event);
      if (measured !== undefined) this.#observe(measured, whole);
    });
    return () => {
      if (this.#members.get(name)?.tally !== tally) return;
      unsubscribe();
      this.#members.delete(name);
      for (const [histogram, series] of own) this.#histograms[histogram].remove(series);
      if (this.#members.size === 0) for (const one of this.#names) this.#registry.removeSingleMetric(one);
    };
  }

  #observe({ name, request, milliseconds, labels: own }: Measurement, { labels, exemplar }: Member): void {
    const histogram = this.#histograms[name];
    const series = { ...labels, ...own };
    const value = milliseconds / 1000;
    if (!this.#exemplars) histogram.observe(series, value);
    else histogram.observe({ labels: series, value, exemplarLabels: exemplar?.(request) });
  }

  #read(read: Series, set: SetValue): void {
    for (const { balancer, tally, autoscaler, labels } of this.#members.values()) {
      for (const [own, value] of read(tally, balancer, autoscaler)) set({ ...labels, ...own }, value);
    }
  }
}

type SetValue = (labels: Record<string, string>, value: number) => void;

/** Every series that the histograms of a balancer can have. */
function seriesOf(labels: Member['labels']): [HistogramName, Record<string, string>][] {
  return (Object.keys(HISTOGRAMS) as HistogramName[]).flatMap((name) =>
    HISTOGRAMS[name].labels.length === 0
      ? [[name, { ...labels }]]
      : OPERATIONS.map((operation): [HistogramName, Record<string, string>] => [
          name,
          { ...labels, operation },
        ]),
  );
}
