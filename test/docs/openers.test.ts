import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeKubernetes } from '../support/fake-kubernetes.js';
import { endpointSlice } from '../support/kubernetes/manifests.js';
import { type CodeBlock, codeBlocks, readPages } from './markdown.js';
import { runBlock } from './run-block.js';

/** Pages whose first TypeScript is not run here, and what is done instead. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'docs/api.md': 'generated',
  'docs/reference.md': 'generated',
  'docs/architecture.md': 'for maintainers',
  'docs/design.md': 'for maintainers',
  'docs/stability.md': 'promises',
  'docs/troubleshooting.md': 'looked up by symptom',
  'docs/runbook.md': 'looked up by alert',
  'docs/benchmarks.md': 'begins with a command, which .ci/run runs',
  'docs/performance.md': 'begins with a command, which .ci/run runs',
  'docs/failures.md': 'begins with a command, which is a test',
  'docs/labs.md': 'its programs are run by test/examples/labs.test.ts',
  'docs/monitoring.md': 'its files are run by npm run monitoring',
  'docs/autoscaling.md': 'run by autoscaling-page.test.ts, with a Kubernetes API',
  'docs/simulation.md': 'examples/simulate.ts, which test/examples runs; below',
};
/** Addresses of model servers that pages use. */
const MODEL_SERVER = /https?:\/\/(?:10\.0\.1\.\d+:8000|api\.example\.com)/g;

/** Examples say nothing here, and do not wait for the end of the process. */
const QUIET = {
  console: { log() {}, error() {} },
  process: { env: { ...process.env, KEY: 'key' }, once() {}, stdout: { write() {} } },
};

interface Surroundings {
  readonly urls: readonly string[];
  readonly list: string;
  readonly api: string;
}

/** A page's first TypeScript, in its first section at the latest; the README has other things to say first. */
function opener(path: string, text: string): CodeBlock | undefined {
  const [, second] = path === 'README.md' ? [] : [...text.matchAll(/^## /gm)];
  return codeBlocks(text.slice(0, second?.index)).find(({ language }) => language === 'ts');
}

/** An example with mock servers, a list and a Kubernetes API of ours for its own. */
function adapted(code: string, { urls, list, api }: Surroundings): string {
  const addresses = [...new Set(code.match(MODEL_SERVER))];
  return code
    .replace(MODEL_SERVER, (address) => urls[addresses.indexOf(address)] ?? address)
    .replace(/\.listen\(\d+\)/, '.listen(0).unref()')
    .replace("'endpoints.json'", JSON.stringify(list))
    .replace("kubernetes('vllm')", `kubernetes('vllm', { server: '${api}' })`);
}

/** What a chat through the balancer comes to. */
async function chat(balancer: LoadBalancer): Promise<string> {
  const messages = [{ role: 'user', content: 'Hello' }];
  const response = await balancer.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'llama-3.1-8b', stream: true, messages }),
  });
  return `${response.status} ${await response.text()}`;
}

const pages = readPages().filter(({ path }) => path === 'README.md' || path.startsWith('docs/'));

describe('every page that is about a task', () => {
  const servers: MockLlmServer[] = [];
  let folder: string;
  let cluster: FakeKubernetes;

  beforeAll(async () => {
    servers.push(...(await Promise.all([1, 2, 3].map(() => MockLlmServer.start()))));
    cluster = await FakeKubernetes.start();
    for (const { port } of servers.slice(0, 1)) {
      const pods = [{ addresses: ['127.0.0.1'] }];
      cluster.apply(endpointSlice('vllm-1', { service: 'vllm', ports: [{ port }], endpoints: pods }));
    }
    folder = await mkdtemp(join(tmpdir(), 'evenkeel-openers-'));
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify(servers.map(({ url }) => ({ url }))));
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await cluster.stop();
    await rm(folder, { recursive: true });
  });

  it.each(pages.filter(({ path }) => !(path in OTHERWISE)))(
    'opens with a complete example that works: $path',
    // The first one to import a package waits for it.
    { timeout: 60_000 },
    async ({ path, text }) => {
      const example = opener(path, text)?.code ?? expect.fail('no example in its first section');
      const ours = {
        urls: servers.map(({ url }) => url),
        list: join(folder, 'endpoints.json'),
        api: cluster.url,
      };
      const { balancer } = (await runBlock(adapted(example, ours), {
        gives: ['balancer'],
        globals: QUIET,
      })) as { readonly balancer?: LoadBalancer };
      if (balancer === undefined || balancer.snapshot().closed) return;
      expect(await chat(balancer)).toMatch(/^200 [\s\S]*\[DONE\]/);
      await balancer.close();
    },
  );
});

it('the page on simulation opens with the example', async () => {
  const page = pages.find(({ path }) => path === 'docs/simulation.md');
  expect(await readFile('examples/simulate.ts', 'utf8')).toContain(
    opener('docs/simulation.md', page?.text ?? '')?.code,
  );
});

it('no page is excused that is not there', () => {
  const paths = pages.map(({ path }) => path);
  expect(Object.keys(OTHERWISE).filter((path) => !paths.includes(path))).toEqual([]);
});
