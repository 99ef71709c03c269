import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { file } from '../../../src/discovery/file.js';
import { DiscoveryError } from '../../../src/index.js';
import { SourceWatcher } from '../../support/source-watcher.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'evenkeel-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const write = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

describe('file', () => {
  it('reads YAML and JSON, as a list or under `endpoints`', async () => {
    const paths = [
      write('a.yaml', 'endpoints:\n  - url: http://10.0.0.1:8000\n    weight: 3\n'),
      write('b.yml', '- {url: "http://10.0.0.1:8000", weight: 3}\n'),
      write('c.json', '{"endpoints":[{"url":"http://10.0.0.1:8000","weight":3}]}'),
      write('d.conf', '[{"url":"http://10.0.0.1:8000","weight":3}]'),
    ];
    for (const path of paths) {
      await using watcher = new SourceWatcher(file(path));
      await watcher.heard('lists', 1);
      expect(watcher.last).toEqual([{ url: 'http://10.0.0.1:8000', weight: 3 }]);
    }
  });

  it('sees a file that is replaced again and again by a rename', async () => {
    const path = write('endpoints.json', '[{"url":"http://10.0.0.1:8000"}]');
    await using watcher = new SourceWatcher(file(path));
    await watcher.heard('lists', 1);
    for (const host of ['10.0.0.2', '10.0.0.3', '10.0.0.4']) {
      renameSync(write('new', `[{"url":"http://${host}:8000"}]`), path);
      await watcher.until(() => watcher.urls[0] === `http://${host}:8000`);
    }
    expect(watcher.errors).toEqual([]);
  });

  it('sees a ConfigMap turn its link', async () => {
    for (const [version, host] of [
      ['v1', '10.0.0.1'],
      ['v2', '10.0.0.2'],
    ] as const) {
      mkdirSync(join(directory, version));
      writeFileSync(join(directory, version, 'endpoints.json'), `[{"url":"http://${host}:8000"}]`);
    }
    symlinkSync('v1', join(directory, '..data'));
    const path = join(directory, 'endpoints.json');
    symlinkSync('..data/endpoints.json', path);
    await using watcher = new SourceWatcher(file(path));
    await watcher.heard('lists', 1);
    symlinkSync('v2', join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    await watcher.heard('lists', 2);
    expect(watcher.urls).toEqual(['http://10.0.0.2:8000']);
  });

  it('waits for a file, and a directory, that are not there yet', async () => {
    const path = join(directory, 'later', 'endpoints.json');
    await using watcher = new SourceWatcher(file(path, { interval: 20 }));
    await watcher.heard('errors', 1);
    expect(watcher.errors[0]?.message).toMatch(/ENOENT/);
    mkdirSync(join(directory, 'later'));
    writeFileSync(path, '[{"url":"http://10.0.0.1:8000"}]');
    await watcher.heard('lists', 1);
  });

  it('says that a file is gone, and goes on when it is back', async () => {
    const path = write('endpoints.json', '[{"url":"http://10.0.0.1:8000"}]');
    await using watcher = new SourceWatcher(file(path));
    await watcher.heard('lists', 1);
    unlinkSync(path);
    await watcher.heard('errors', 1);
    writeFileSync(path, '[{"url":"http://10.0.0.2:8000"}]');
    await watcher.until(() => watcher.urls[0] === 'http://10.0.0.2:8000');
  });

  it.each([
    ['a.json', '[\n  {"url": "http://a"},\n  {"url": "http://b", "weight": "3"}\n]', 3, '[1].weight'],
    ['a.json', '{"endpoints": [\n{"url": "http://a",\n "models": {"x": 5}}]}', 3, 'endpoints[0].models'],
    ['a.json', '{\n"endpoints": 5\n}', 1, ''],
    ['a.json', '[{"url": "http://a"},\n\n{"url": "http://a"}]', 3, '[1].id'],
    ['a.yaml', 'endpoints:\n  - url: http://a\n    weight: -1\n', 3, 'endpoints[0].weight'],
    ['a.yaml', '- url: http://a\n- url: http://b\n  wieght: 2\n', 3, '[1].wieght'],
    ['a.yaml', '- url: http://a\n  headers:\n    x-a.b: c\n    x-a: [5]\n', 4, '[0].headers.x-a'],
    ['a.json', '[{"url": "http://a",\n"metrics": [\n{"parser": "vllm"}]}]', 3, '[0].metrics[0].parser'],
    [
      'a.yaml',
      'model_list:\n- model_name: x\n  litellm_params:\n    api_base: http://a\n',
      // The nearest field around the one that is missing.
      4,
      'model_list[0].litellm_params.model',
    ],
  ])('names line and field of a mistake %#', async (name, text, line, field) => {
    await using watcher = new SourceWatcher(file(write(name, text)));
    await watcher.heard('errors', 1);
    const [error] = watcher.errors;
    expect(error).toBeInstanceOf(DiscoveryError);
    expect(error).toMatchObject({ source: `file:${name}`, line, field });
    expect(error?.message).toContain(`line ${line}`);
  });

  it.each([
    ['a.json', '[\n  {"url": "http://a"\n  "weight": 3}\n]', 3],
    ['a.json', '[{"url": "http://a"},\n]', 2],
    ['a.json', '', 1],
    ['a.json', '[{"headers": {"authorization": "Bearer sk-secret}}]', 1],
    ['a.yaml', '- url: http://a\n  headers: {authorization: "Bearer sk-secret\n', 3],
    ['a.yaml', '- url: http://a\n  url: http://sk-secret\n', 2],
  ])('names the line of what cannot be parsed, without a word of it %#', async (name, text, line) => {
    await using watcher = new SourceWatcher(file(write(name, text)));
    await watcher.heard('errors', 1);
    expect(watcher.errors[0]).toMatchObject({ line, field: undefined });
    expect(watcher.errors[0]?.message).not.toContain('secret');
    expect(watcher.errors[0]?.cause).toBeUndefined();
  });

  it('makes endpoints of a LiteLLM configuration, keys out of the environment included', async () => {
    vi.stubEnv('HOSTED_KEY', 'sk-1');
    const path = write(
      'config.yaml',
      `model_list:
  - model_name: llama
    litellm_params: {model: hosted_vllm/meta-llama/Llama-3.1-8B, api_base: http://10.0.0.1:8000/v1, weight: 3}
  - model_name: embed
    litellm_params: {model: openai/bge-m3, api_base: http://10.0.0.1:8000/v1}
  - model_name: llama
    litellm_params:
      model: openai/llama-hosted
      api_base: https://api.example.com/v1
      api_key: os.environ/HOSTED_KEY
      order: 2
      max_parallel_requests: 50
  - model_name: claude
    litellm_params: {model: anthropic/claude, api_key: sk-2}
`,
    );
    await using watcher = new SourceWatcher(file(path));
    await watcher.heard('lists', 1);
    expect(watcher.last).toEqual([
      {
        url: 'http://10.0.0.1:8000/v1',
        models: { llama: 'meta-llama/Llama-3.1-8B', embed: 'bge-m3' },
        weight: 3,
      },
      {
        url: 'https://api.example.com/v1',
        models: { llama: 'llama-hosted' },
        headers: { authorization: 'Bearer sk-1' },
        tier: 1,
        maxOutstanding: 50,
      },
    ]);
  });

  it('refuses wrong options', () => {
    expect(() => file('')).toThrow(/`file.path`/);
    expect(() => file('a', { format: 'toml' as 'json' })).toThrow(/`file.format`/);
    expect(() => file('a', { interval: 0 })).toThrow(/`file.interval`/);
    expect(() => file('a', { watch: true } as object)).toThrow(/`file.watch` is not known/);
  });
});
