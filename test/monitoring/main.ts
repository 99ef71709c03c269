/**
 * The shipped alerts, dashboard and scaling queries against a real Prometheus: each alert fires and clears, each query
 * has data.
 */
import { spawnSync } from 'node:child_process';
import { metricsHandler } from 'evenkeel/express';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { vllm } from 'evenkeel/signals/vllm';
import express from 'express';
import { Registry } from 'prom-client';
import { Site } from '../support/facade-rig.js';
import { checkAlertmanager } from './alertmanager.js';
import { dashboardQueries } from './dashboard-queries.js';
import { type Firing, startPrometheus } from './prometheus-server.js';
import { hastened } from './rules.js';
import { checkScalingQueries, exportPods } from './scaling-queries.js';
import { Scene } from './scene.js';
import { troubles } from './troubles.js';

const FOLDER = 'examples/monitoring';
const RULES = ['alerts.yaml', 'alerts-classic.yaml'];
/** The classic rules with their expressions as they stand: windows of five minutes. */
const VERBATIM = 'verbatim.yaml';

function promtool(args: readonly string[], input?: string): void {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`promtool cannot be run (Debian: apt-get install prometheus): ${error}`);
  // `check metrics` complains without failing.
  if (status !== 0 || stderr !== '') throw new Error(`promtool ${args.join(' ')}:\n${stdout}${stderr}`);
  console.log(`promtool ${args.join(' ')}: clean`);
}

promtool(['check', 'rules', ...RULES.map((file) => `${FOLDER}/${file}`)]);
promtool(['check', 'config', `${FOLDER}/prometheus.yaml`]);
promtool(['test', 'rules', `${FOLDER}/alerts.test.yaml`]);
console.log(checkAlertmanager(`${FOLDER}/alertmanager.yaml`));

const all = await troubles();
const calm = await Scene.open('calm', {
  servers: [{}, {}],
  endpoint: () => ({ metrics: { parser: vllm(), interval: 200 } }),
});
calm.call({ stream: true });
const scenes = [calm, ...all.map(({ scene }) => scene)];
const registry = new Registry();
const common = { registry, models: ['mock-model'], autoscaler: { desiredReplicas: 2 } };
for (const { balancer, name } of scenes)
  for (const prefix of ['evenkeel_', '']) prometheusMetrics(balancer, { ...common, name, prefix });
promtool(['check', 'metrics'], await registry.metrics());
exportPods(registry);

try {
  await using app = await Site.open(express().get('/metrics', metricsHandler(registry)));
  await using prometheus = await startPrometheus(app.url, {
    'alerts.yaml': await hastened('alerts.yaml', true),
    'alerts-classic.yaml': await hastened('alerts-classic.yaml', true),
    [VERBATIM]: await hastened('alerts-classic.yaml', false),
  });
  const firing = async () => new Set(await prometheus.firing());
  const begun = Date.now();
  const note = (what: string) =>
    console.log(`${((Date.now() - begun) / 1000).toFixed(1).padStart(5)} s  ${what}`);

  // As long as the longest `for` and its window, and one more.
  await prometheus.until(
    async () =>
      (await prometheus.query('count_over_time(evenkeel_active_replicas{balancer="calm"}[15s]) > 40')) > 0,
    () => 'Prometheus does not scrape the app',
  );
  const early = await firing();
  if (early.size > 0) throw new Error(`fires although nothing is wrong: ${[...early].join(', ')}`);
  note('all is well, and no alert fires');

  const expected = all.flatMap(({ scene, alerts, classic }): Firing[] => [
    ...alerts.map((name): Firing => `alerts.yaml ${name} ${scene.name}`),
    ...classic.flatMap((name): Firing[] =>
      ['alerts-classic.yaml', VERBATIM].map(
        (file): Firing => `${file} ${name} ${name === 'ErrorRate' ? '' : scene.name}`,
      ),
    ),
  ]);
  for (const { begin } of all) await begin();
  note('everything goes wrong');
  const seen = new Set<Firing>();
  await prometheus.until(
    async () => {
      for (const one of await firing()) {
        if (expected.includes(one) && !seen.has(one)) note(`fires   ${one}`);
        seen.add(one);
      }
      return expected.every((one) => seen.has(one));
    },
    () => `does not fire: ${expected.filter((one) => !seen.has(one)).join(', ')}`,
  );
  const wrong = [...seen].filter((one) => one.endsWith(' calm'));
  if (wrong.length > 0) throw new Error(`fires for a balancer that is well: ${wrong.join(', ')}`);

  const queries = await dashboardQueries(`${FOLDER}/grafana.json`);
  for (const query of queries)
    if ((await prometheus.query(query)) === 0) throw new Error(`the dashboard has no data for ${query}`);
  note(`the dashboard's ${queries.length} queries have data`);

  note(
    `${await checkScalingQueries(prometheus)} queries of the adapter's rule and KEDA's triggers have data`,
  );

  for (const { end } of all) await end();
  note('everything is repaired');
  // As it stands it looks back five minutes for any error at all; its short form clears in its place.
  const lasting: readonly Firing[] = [`${VERBATIM} AnyError errors`, `${VERBATIM} ErrorRate `];
  let left = await firing();
  await prometheus.until(
    async () => {
      const now = await firing();
      for (const one of left) if (!now.has(one) && expected.includes(one)) note(`clears  ${one}`);
      left = now;
      return [...now].every((one) => one.startsWith(VERBATIM) && !one.includes('Slow'));
    },
    () => `does not clear: ${[...left].filter((one) => !lasting.includes(one)).join(', ')}`,
  );
} finally {
  for (const scene of scenes) await scene[Symbol.asyncDispose]();
}
