import { readFile } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';
import { parse } from 'yaml';
import type { PrometheusServer } from './prometheus-server.js';

const FOLDER = 'examples/kubernetes/autoscaling';
const PODS = ['llm-0', 'llm-1'];

/** What kube-state-metrics has of the model servers' pods, and of another one. */
export function exportPods(registry: Registry): void {
  const labelNames = ['namespace', 'pod', 'condition'];
  const gauge = new Gauge({
    name: 'kube_pod_status_ready',
    help: 'As of kube-state-metrics.',
    labelNames,
    registers: [registry],
  });
  for (const pod of [...PODS, 'chat-0'])
    for (const condition of ['true', 'false', 'unknown'])
      gauge.set({ namespace: 'default', pod, condition }, condition === 'true' ? 1 : 0);
}

/**
 * Asks what the shipped prometheus-adapter rule and KEDA triggers ask, as these programs do, while something waits.
 *
 * @returns how many queries there were
 * @throws when one has no data, or not what it should
 */
export async function checkScalingQueries(prometheus: PrometheusServer): Promise<number> {
  const adapter = parse(await readFile(`${FOLDER}/prometheus-adapter.yaml`, 'utf8')) as {
    rules: { custom: { seriesQuery: string; metricsQuery: string }[] };
  };
  const keda = parse(await readFile(`${FOLDER}/keda-prometheus.yaml`, 'utf8')) as {
    spec: { triggers: { metadata: { query: string } }[] };
  };
  const [rule] = adapter.rules.custom;
  if (rule === undefined) throw new Error('the adapter has no rule');
  // As the adapter fills its template in for an HPA's pods.
  const share = rule.metricsQuery
    .replaceAll('<<.Series>>', rule.seriesQuery.replace(/\{.*/, ''))
    .replaceAll('<<.LabelMatchers>>', `namespace="default",pod=~"${PODS.join('|')}"`)
    .replaceAll('<<.GroupBy>>', 'pod');
  const triggers = keda.spec.triggers.map(({ metadata }) => metadata.query);
  const expected: readonly (readonly [query: string, series: number])[] = [
    [rule.seriesQuery, PODS.length + 1],
    [share, PODS.length],
    // One moment for both sides: the shares come to the whole queue, and there is one.
    [`sum(${share}) == scalar(sum(request_queue_depth)) and sum(request_queue_depth) > 0`, 1],
    ...triggers.map((query) => [query, 1] as const),
  ];
  for (const [query, series] of expected)
    await prometheus.until(
      async () => (await prometheus.query(query)) === series,
      () => `not ${series} series for ${query}`,
    );
  return expected.length;
}
