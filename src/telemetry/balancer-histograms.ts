import type { BalancerHandlers } from '../core/events.js';
import type { InferenceRequest } from '../core/inference-request.js';
import type { ExemplarLabels } from './exemplar.js';
import type { HistogramName } from './histogram-definitions.js';
import type { HistogramMetric, HistogramSeries, Labels } from './histogram-metric.js';
import { OPERATIONS, type Operation, operationOf } from './operation.js';

export type HistogramMetrics = Readonly<Record<HistogramName, HistogramMetric>>;

/**
 * One balancer's part of the histograms. Every series is there from the beginning, at zero: a rate needs a first
 * value, and nothing is looked up when one comes.
 */
export class BalancerHistograms {
  readonly #exemplar: ExemplarLabels | undefined;
  readonly #removals: (() => void)[] = [];
  readonly #durations: Readonly<Record<Operation, HistogramSeries>>;
  readonly #firstTokens: HistogramSeries;
  readonly #tokenIntervals: HistogramSeries;
  readonly #queueWaits: HistogramSeries;

  constructor(metrics: HistogramMetrics, labels: Labels, exemplar: ExemplarLabels | undefined) {
    this.#exemplar = exemplar;
    const add = (name: HistogramName, own: Labels) => {
      const series = metrics[name].add(own);
      this.#removals.push(() => metrics[name].remove(series));
      return series;
    };
    const durations = OPERATIONS.map(
      (operation) => [operation, add('request_duration_seconds', { ...labels, operation })] as const,
    );
    this.#durations = Object.fromEntries(durations) as Record<Operation, HistogramSeries>;
    this.#firstTokens = add('time_to_first_token_seconds', labels);
    this.#tokenIntervals = add('time_per_output_token_seconds', labels);
    this.#queueWaits = add('request_queue_wait_seconds', labels);
  }

  get handlers(): BalancerHandlers {
    return {
      'request-finished': ({ request, duration }) =>
        this.#add(this.#durations[operationOf(request.path)], request, duration),
      'first-token': ({ request, elapsed }) => this.#add(this.#firstTokens, request, elapsed),
      'request-dequeued': ({ request, wait }) => this.#add(this.#queueWaits, request, wait),
      'attempt-settled': ({ request, tokenInterval }) => {
        if (tokenInterval !== undefined) this.#add(this.#tokenIntervals, request, tokenInterval);
      },
    };
  }

  /** Takes its series out of the metrics. */
  remove(): void {
    for (const remove of this.#removals) remove();
  }

  #add(series: HistogramSeries, request: InferenceRequest, milliseconds: number): void {
    series.observe(milliseconds / 1000, this.#exemplar?.(request));
  }
}
