import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { freePort, startProgram } from '../faults/rivals/program.js';

const WAIT_LIMIT = 90_000;

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly alerts?: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** An alert that fires: the file of its rule, its name, and the balancer it is about, if it is about one. */
export type Firing = `${string} ${string} ${string}`;

/**
 * A Prometheus that scrapes one app and evaluates rules, both four times a second.
 *
 * @param rules content of rule files, by name
 */
export async function startPrometheus(app: string, rules: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  await Promise.all(Object.entries(rules).map(([name, text]) => writeFile(join(folder, name), text)));
  const config = {
    global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' },
    rule_files: Object.keys(rules),
    scrape_configs: [{ job_name: 'llm-app', static_configs: [{ targets: [new URL(app).host] }] }],
  };
  await writeFile(join(folder, 'prometheus.yaml'), stringify(config));
  const port = await freePort();
  const args = [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  const program = await startProgram('prometheus', args, port);
  const server = new PrometheusServer(program.url, async () => {
    await program[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  // It listens before it can answer.
  const ready = () => fetch(`${program.url}/-/ready`).then(({ ok }) => ok);
  await server.until(ready, () => 'Prometheus does not get ready');
  return server;
}

export class PrometheusServer implements AsyncDisposable {
  readonly #url: string;
  readonly #stop: () => Promise<void>;

  constructor(url: string, stop: () => Promise<void>) {
    this.#url = url;
    this.#stop = stop;
  }

  /** How many series an expression has now. */
  async query(expression: string): Promise<number> {
    const { result } = (await this.#get(`query?query=${encodeURIComponent(expression)}`)) as {
      result: readonly unknown[];
    };
    return result.length;
  }

  /** @throws when a rule cannot be evaluated */
  async firing(): Promise<readonly Firing[]> {
    const { groups } = (await this.#get('rules')) as {
      groups: readonly { readonly file: string; readonly rules: readonly Rule[] }[];
    };
    return groups.flatMap(({ file, rules }) =>
      rules.flatMap(({ name, health, lastError, alerts = [] }) => {
        if (health === 'err') throw new Error(`${name}: ${lastError}`);
        return alerts
          .filter(({ state }) => state === 'firing')
          .map(({ labels }): Firing => `${file.replace(/^.*\//, '')} ${name} ${labels.balancer ?? ''}`);
      }),
    );
  }

  /** Asks until it holds. @throws what `why` says, after a minute and a half */
  async until(holds: () => Promise<boolean>, why: () => string): Promise<void> {
    const end = Date.now() + WAIT_LIMIT;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(why());
      await pause(250);
    }
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as Record<string, unknown>;
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}
