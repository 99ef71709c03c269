import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync, gzipSync } from 'node:zlib';
import { LoadBalancer, type LoadBalancerOptions, StreamError } from 'evenkeel';
import { afterEach, describe, expect, it } from 'vitest';
import { CHAT, chat } from '../../support/fleet.js';
import { httpServer, tcpServer } from '../../support/scripted-server.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const MEBIBYTE = 1024 * 1024;
const EVENTS = { 'content-type': 'text/event-stream' };

/** What one hostile answer comes to: the caller's side of it, and the endpoint's state afterwards. */
async function against(
  answer: (response: ServerResponse) => void,
  act: (balancer: LoadBalancer) => Promise<void>,
  options: Partial<LoadBalancerOptions> = {},
): Promise<void> {
  await using server = await httpServer((request, response) => {
    request.resume();
    response.on('error', () => {});
    request.on('end', () => answer(response));
  });
  await using balancer = new LoadBalancer({
    endpoints: [{ url: server.url, id: 'hostile' }],
    retry: false,
    ...options,
  });
  await act(balancer);
  expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
}

/** Writes `chunk` over and over as the reader takes it, up to `bytes`. */
function pour(response: ServerResponse, chunk: Buffer, bytes: number, end: () => void): void {
  let left = bytes;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    if (!response.destroyed) end();
  };
  more();
}

/** Counts a body without keeping it. The most memory in use on the way, above what there was, is told in bytes. */
async function drink(body: Response['body']): Promise<{ bytes: number; growth: number; error: unknown }> {
  collectGarbage();
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
  const before = used();
  let bytes = 0;
  let growth = 0;
  let sampled = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes - sampled < 16 * MEBIBYTE) continue;
      sampled = bytes;
      collectGarbage();
      growth = Math.max(growth, used() - before);
    }
  } catch (error) {
    return { bytes, growth, error };
  }
  return { bytes, growth, error: undefined };
}

describe('A line that does not end', () => {
  const LONG = 200 * MEBIBYTE;
  const chunk = Buffer.alloc(64 * 1024, 'x');

  it('of server-sent events: its 200 MB pass, and memory stays bounded', async () => {
    await against(
      (response) => {
        response.writeHead(200, EVENTS).write('data: ');
        pour(response, chunk, LONG, () => response.end('\n\ndata: [DONE]\n\n'));
      },
      async (balancer) => {
        const { bytes, growth, error } = await drink((await balancer.fetch(CHAT, chat(true))).body);
        expect(error).toBeUndefined();
        expect(bytes).toBeGreaterThan(LONG);
        expect(growth).toBeLessThan(32 * MEBIBYTE);
      },
    );
  }, 60_000);

  it('of newline-delimited JSON: the same', async () => {
    await against(
      (response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('{"response":"');
        pour(response, chunk, LONG, () => response.end('","done":true}\n'));
      },
      async (balancer) => {
        const answer = await balancer.fetch('/api/generate', { ...chat(true) });
        const { bytes, growth, error } = await drink(answer.body);
        expect(error).toBeUndefined();
        expect(bytes).toBeGreaterThan(LONG);
        expect(growth).toBeLessThan(32 * MEBIBYTE);
      },
    );
  }, 60_000);

  it('of server-sent events, after a first token: a reader who stops makes the server stop', async () => {
    let written = 0;
    await against(
      (response) => {
        response.writeHead(200, EVENTS).write('data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: ');
        const write = () => {
          while (!response.destroyed) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', write);
          }
        };
        write();
      },
      async (balancer) => {
        const answer = await balancer.fetch(CHAT, chat(true));
        const reader = answer.body?.getReader();
        await reader?.read();
        await reader?.cancel();
        // What fits into the sockets' buffers and ours, not what the server would like to send.
        expect(written).toBeLessThan(64 * MEBIBYTE);
      },
    );
  });
});

describe('An answer that is compressed although none was asked for', () => {
  const bomb = gzipSync(Buffer.alloc(64 * MEBIBYTE, '{'));

  it.each([
    ['JSON', { 'content-type': 'application/json' }, false, 200],
    ['a stream', EVENTS, true, 200],
    ['an error', { 'content-type': 'application/json' }, false, 500],
  ])(
    '%s: it is not unpacked; the bytes pass as they came, marked as they are',
    async (_, type, stream, status) => {
      let asked: string | undefined;
      await using server = await httpServer((request, response) => {
        asked = request.headers['accept-encoding'];
        request.resume().on('end', () => {
          response.writeHead(status, { ...type, 'content-encoding': 'gzip' }).end(bomb);
        });
      });
      await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }], retry: false });
      collectGarbage();
      const before = process.memoryUsage().heapUsed + process.memoryUsage().external;
      const answer = await balancer.fetch(CHAT, chat(stream));
      const bytes = Buffer.from(await answer.arrayBuffer());
      const after = process.memoryUsage().heapUsed + process.memoryUsage().external;
      expect(asked).toBe('identity');
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([status, 'gzip']);
      expect(bytes.equals(bomb)).toBe(true);
      expect(after - before).toBeLessThan(16 * MEBIBYTE);
      expect(gunzipSync(bytes)).toHaveLength(64 * MEBIBYTE);
    },
  );
});

describe('A server that drips', () => {
  let stop: () => void = () => {};
  afterEach(() => stop());

  /** Sends `bytes` and then one more byte every few milliseconds, for ever. */
  function drip(socket: Socket, bytes: string, endless: string): void {
    socket.write(bytes);
    let index = 0;
    const timer = setInterval(() => socket.write(endless[index++ % endless.length] ?? ''), 5);
    socket.on('close', () => clearInterval(timer));
    stop = () => clearInterval(timer);
  }

  it.each([
    ['a stream', true, 'timeouts.firstToken'],
    ['an answer that does not stream', false, 'timeouts.response'],
  ])('headers, byte by byte, for %s: the clock runs out all the same', async (_, stream, option) => {
    await using server = await tcpServer((socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-slow: ', 'y'));
    await using balancer = new LoadBalancer({
      endpoints: [{ url: server.url }],
      retry: false,
      timeouts: { firstToken: 100, response: 100 },
    });
    const answer = await balancer.fetch(CHAT, chat(stream));
    expect(answer.status).toBe(504);
    expect(await answer.text()).toContain(option);
    expect(balancer.snapshot().outstanding).toBe(0);
  });

  it('comments instead of content: the clock of the first token runs out', async () => {
    await using server = await tcpServer((socket) =>
      drip(socket, 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n', ': hi\n\n'),
    );
    await using balancer = new LoadBalancer({
      endpoints: [{ url: server.url }],
      retry: false,
      timeouts: { firstToken: 100 },
    });
    expect((await balancer.fetch(CHAT, chat(true))).status).toBe(504);
  });

  it('half an event, byte by byte, after the first token: silence is what it is', async () => {
    const token = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
    await using server = await tcpServer((socket) =>
      drip(socket, `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${token}data: `, 'y'),
    );
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }], timeouts: { idle: 100 } });
    const answer = await balancer.fetch(CHAT, chat(true));
    await expect(answer.text()).rejects.toMatchObject({ constructor: StreamError, code: 'STREAM_STALLED' });
  });

  it.each([
    ['before any of the answer', '', { response: 150, idle: 10_000 }],
    ['in the middle of it', '{"a":', { response: 10_000, idle: 150 }],
  ])('blank lines instead of JSON, %s: they are no progress', async (_, start, timeouts) => {
    await using server = await tcpServer((socket) =>
      drip(socket, `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${start}`, '\n'),
    );
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }], retry: false, timeouts });
    expect((await balancer.fetch(CHAT, chat(false))).status).toBe(504);
    expect(balancer.snapshot().outstanding).toBe(0);
  });

  it('a plain body, byte by byte: `timeouts.total` bounds it, since every byte is progress', async () => {
    await using server = await tcpServer((socket) =>
      drip(socket, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"a":"', 'y'),
    );
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }], timeouts: { total: 150 } });
    const answer = await balancer.fetch(CHAT, chat(false));
    expect(answer.status).toBe(504);
    expect(await answer.text()).toContain('timeouts.total');
  });
});

describe('Names that mean something to JavaScript', () => {
  it('pass in an answer’s headers and events, and change nothing', async () => {
    await against(
      (response) => {
        response.setHeader('content-type', 'text/event-stream');
        for (const name of ['__proto__', 'constructor', 'prototype', 'toString'])
          response.setHeader(name, 'x');
        const events = [
          '{"__proto__":{"polluted":true},"choices":[{"delta":{"__proto__":{"polluted":1},"content":"a"}}]}',
          '{"constructor":{"prototype":{"polluted":true}},"choices":[{"delta":{"content":"b"}}]}',
          '{"choices":[],"usage":{"__proto__":{"polluted":true},"prompt_tokens":3,"completion_tokens":2}}',
          '[DONE]',
        ];
        response.end(events.map((data) => `data: ${data}\n\n`).join(''));
      },
      async (balancer) => {
        const answer = await balancer.fetch(CHAT, chat(true));
        for (const name of ['__proto__', 'constructor', 'prototype', 'tostring'])
          expect([name, answer.headers.get(name)]).toEqual([name, 'x']);
        expect(await answer.text()).toContain('[DONE]');
        expect({} as { polluted?: unknown }).not.toHaveProperty('polluted');
      },
    );
  });

  it('values that cannot be made text blind the watch, and the bytes pass', async () => {
    const event = '{"error":{"message":{"toString":1,"valueOf":1},"type":{"toString":null}}}';
    await against(
      (response) => response.writeHead(200, EVENTS).end(`data: ${event}\n\n`),
      async (balancer) => {
        expect(await (await balancer.fetch(CHAT, chat(true))).text()).toBe(`data: ${event}\n\n`);
      },
    );
  });

  it('JSON nested a hundred thousand deep does the process no harm, in an event or in a request', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    await against(
      (response) => response.writeHead(200, EVENTS).end(`data: {"choices":${deep}}\n\ndata: [DONE]\n\n`),
      async (balancer) => {
        const body = `{"messages":${deep},"model":"m","stream":true}`;
        const answer = await balancer.fetch(CHAT, { ...chat(true), body });
        expect(await answer.text()).toContain('[DONE]');
      },
    );
  });
});
