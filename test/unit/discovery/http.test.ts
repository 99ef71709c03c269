import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { http } from '../../../src/discovery/http.js';
import { DiscoveryError } from '../../../src/index.js';
import { manualClock } from '../../../src/testing/index.js';
import { SourceWatcher } from '../../support/source-watcher.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listServer(handler: Handler) {
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/endpoints`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const LIST = '[{"url":"http://10.0.0.1:8000"}]';

describe('http', () => {
  it('asks with the etag of the last answer, and takes 304 for no change', async () => {
    const seen: (string | undefined)[] = [];
    await using server = await listServer((request, response) => {
      seen.push(request.headers['if-none-match']);
      if (seen.length === 2) response.writeHead(304).end();
      else response.setHeader('etag', `"${seen.length}"`).end(seen.length < 3 ? LIST : '[]');
    });
    await using watcher = new SourceWatcher(http(server.url, { interval: 5, headers: { 'x-team': 'llm' } }));
    await watcher.heard('lists', 2);
    expect(seen.slice(0, 3)).toEqual([undefined, '"1"', '"1"']);
    expect(watcher.lists.slice(0, 2)).toEqual([[{ url: 'http://10.0.0.1:8000' }], []]);
    expect(watcher.errors).toEqual([]);
  });

  it('asks for the whole list again after one that it could not use', async () => {
    const seen: (string | undefined)[] = [];
    await using server = await listServer((request, response) => {
      seen.push(request.headers['if-none-match']);
      response.setHeader('etag', `"${seen.length}"`).end(seen.length === 2 ? '{"bad":1}' : LIST);
    });
    await using watcher = new SourceWatcher(http(server.url, { interval: 5 }));
    await watcher.heard('lists', 2);
    expect(seen.slice(0, 3)).toEqual([undefined, '"1"', '"1"']);
    expect(watcher.errors).toHaveLength(1);
  });

  it.each<[string, Handler, RegExp]>([
    ['a status that is not 200', (_, response) => response.writeHead(500).end('sk-secret'), /answered 500/],
    ['no JSON', (_, response) => response.end('<p>sk-secret'), /not JSON/],
    [
      'a list with a mistake',
      (_, response) => response.end('[{"url":"ftp://a"}]'),
      /`\[0\]\.url` must begin/,
    ],
    ['a list without end', (_, response) => response.end(' '.repeat(5_000_000)), /more than 4194304 bytes/],
    ['a reset', (_, response) => response.destroy(), /./],
    [
      'a variable of this process',
      (_, response) =>
        response.end(
          '{"data":[{"model_name":"a","litellm_params":{"model":"openai/a","api_base":"http://a","api_key":"os.environ/HOME"}}]}',
        ),
      /must not name a variable/,
    ],
  ])('says what is wrong with %s', async (_, handler, message) => {
    await using server = await listServer(handler);
    await using watcher = new SourceWatcher(http(server.url));
    await watcher.heard('errors', 1);
    const [error] = watcher.errors;
    expect(error).toBeInstanceOf(DiscoveryError);
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('secret');
    expect(watcher.lists).toEqual([]);
  });

  it('gives up on an answer that does not come, and asks again', async () => {
    const clock = manualClock();
    let asked = () => {};
    const arrival = () =>
      new Promise<void>((resolve) => {
        asked = resolve;
      });
    let silent = true;
    await using server = await listServer((_, response) => {
      if (!silent) response.end(LIST);
      asked();
    });
    const first = arrival();
    await using watcher = new SourceWatcher(http(server.url, { timeout: 2_000, clock, random: () => 0 }));
    await first;
    await clock.advanceAsync(2_000);
    await watcher.heard('errors', 1);
    expect(watcher.errors[0]?.message).toMatch(/no answer in 2000 ms/);
    silent = false;
    await clock.advanceAsync(800);
    await watcher.heard('lists', 1);
  });

  it("reads LiteLLM's /model/info", async () => {
    const data = [
      {
        model_name: 'llama',
        litellm_params: { model: 'hosted_vllm/llama', api_base: 'http://10.0.0.1:8000/v1' },
        model_info: { id: 'a1' },
      },
    ];
    await using server = await listServer((_, response) => response.end(JSON.stringify({ data })));
    await using watcher = new SourceWatcher(http(server.url));
    await watcher.heard('lists', 1);
    expect(watcher.last).toEqual([{ url: 'http://10.0.0.1:8000/v1', models: { llama: 'llama' } }]);
  });

  it('reads a shape of its own with `read`', async () => {
    await using server = await listServer((_, response) => response.end('["10.0.0.1","10.0.0.2"]'));
    const read = (hosts: unknown) => (hosts as string[]).map((host) => ({ url: `http://${host}:8000` }));
    await using watcher = new SourceWatcher(http(server.url, { read }));
    await watcher.heard('lists', 1);
    expect(watcher.urls).toEqual(['http://10.0.0.1:8000', 'http://10.0.0.2:8000']);
  });

  it('refuses wrong options, and shows no key that stands in a url', () => {
    expect(() => http('endpoints.json')).toThrow(/`http.url`/);
    expect(() => http('ftp://a')).toThrow(/`http.url`/);
    expect(() => http('http://user:sk-secret@a')).toThrow(/^(?!.*secret).*credentials/);
    expect(() => http('http://a', { interval: 0 })).toThrow(/`http.interval`/);
    expect(() => http('http://a', { timeout: -1 })).toThrow(/`http.timeout`/);
    expect(() => http('http://a', { read: 'json' as never })).toThrow(/`http.read`/);
    expect(() => http('http://a', { etag: false } as object)).toThrow(/`http.etag` is not known/);
    expect(http('http://a/list?key=sk-secret').name).toBe('http:a/list');
  });
});
