import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { MockLlmServer, type MockLlmServerOptions } from '../../../src/testing/mock-llm-server.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { get, post, RawCall } from '../../support/raw-call.js';

const start = (options?: MockLlmServerOptions) => MockLlmServer.start(options);
const chat = (server: MockLlmServer, fields: object = {}) =>
  new RawCall(`${server.url}/v1/chat/completions`, { model: 'm', messages: [], stream: true, ...fields });

describe('a client that leaves', () => {
  it('in the middle of a stream is counted once, and its work stops at once', async () => {
    await using server = await start({ tokens: Number.POSITIVE_INFINITY });
    const call = chat(server);
    await call.until('"content":"A"');
    const aborted = once(server, 'aborted');
    const settled = once(server, 'settled');
    call.leave();
    const [record] = await aborted;
    expect(record).toMatchObject({ path: '/v1/chat/completions', closedEarly: true, outcome: 'aborted' });
    expect(await settled).toEqual([record]);
    const { tokens } = record;
    await get(`${server.url}/health`);
    expect(record.tokens).toBe(tokens);
    expect(server.stats).toMatchObject({ requests: 1, active: 0, aborted: 1, completed: 0, broken: 0 });
    expect((await get(`${server.url}/metrics`)).text).toMatch(/num_requests_running\{[^}]*\} 0\n/);
  });

  it('after the last byte has not left early', async () => {
    await using server = await start();
    await chat(server).answer;
    await server.waitFor(({ active }) => active === 0);
    expect(server.requests[0]).toMatchObject({ closedEarly: false, outcome: 'completed', tokens: 16 });
    expect(server.stats).toMatchObject({ completed: 1, aborted: 0 });
  });

  it('before its body has come in full is counted too', async () => {
    await using server = await start();
    const upload = request(`${server.url}/v1/chat/completions`, { method: 'POST', agent: false });
    upload.on('error', () => {});
    upload.write('{"model":');
    await server.waitFor(({ active }) => active === 1);
    upload.destroy();
    expect(await server.waitFor(({ active }) => active === 0)).toMatchObject({ requests: 1, aborted: 1 });
  });
});

it('stops writing an endless stream that nobody reads, and goes on when somebody does', async () => {
  await using server = await start({ tokens: Number.POSITIVE_INFINITY });
  const socket = connect(server.port, '127.0.0.1');
  // The model's name is in every event: a long one fills the buffers sooner.
  const body = JSON.stringify({ model: 'm'.repeat(8000), messages: [], stream: true });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await once(server, 'request');
  // Nothing is read: the tokens come to a halt when every buffer on the way is full.
  const halted = async () => {
    for (let before = -1; before !== server.requests[0]?.tokens; ) {
      before = server.requests[0]?.tokens ?? 0;
      for (let turn = 0; turn < 5; turn++) await get(`${server.url}/health`);
    }
    return server.requests[0]?.tokens ?? 0;
  };
  const stuckAt = await halted();
  expect(stuckAt).toBeGreaterThan(0);
  socket.resume();
  while ((server.requests[0]?.tokens ?? 0) <= stuckAt) await once(socket, 'data');
  socket.destroy();
  await server.waitFor(({ aborted }) => aborted === 1);
});

describe('stats', () => {
  it('know how many are open, how many were at most, and what was asked for', async () => {
    await using server = await start();
    server.fault = { kind: 'hang' };
    const calls = [chat(server), chat(server), chat(server)];
    await server.waitFor(({ active }) => active === 3);
    calls[0]?.leave();
    await server.waitFor(({ active }) => active === 2);
    await get(`${server.url}/health`);
    await get(`${server.url}/v1/models`);
    expect(server.stats).toMatchObject({
      requests: 4,
      peak: 3,
      byPath: { '/v1/chat/completions': 3, '/health': 1, '/v1/models': 1 },
    });
    for (const call of calls) call.leave();
    expect(await server.waitFor(({ connections, active }) => connections + active === 0)).toMatchObject({
      aborted: 3,
    });
  });

  it('account for every request, whatever became of it', async () => {
    const seed = 7;
    const random = seededRandom(seed);
    await using server = await start({ tokens: 4 });
    server.faultWith(() => {
      const dice = Math.floor(random() * 6);
      if (dice === 0) return { kind: 'reset-before-headers' };
      if (dice === 1) return { kind: 'cut', after: 2 };
      if (dice === 2) return { kind: 'stall', after: 1 };
      if (dice === 3) return { kind: 'status', status: 500 };
      return undefined;
    });
    const calls = Array.from({ length: 60 }, () => chat(server));
    const stuck = () => server.requests.filter(({ outcome }) => outcome === 'open');
    await server.waitFor(
      ({ requests, active }) =>
        requests === 60 && stuck().every(({ fault }) => fault?.kind === 'stall') && stuck().length === active,
    );
    const { active, completed, aborted, broken } = server.stats;
    expect(completed + broken + active, `seed ${seed}`).toBe(60);
    expect(aborted).toBe(0);
    expect(Math.min(active, completed, broken), `seed ${seed}`).toBeGreaterThan(0);
    for (const call of calls) call.leave();
    expect(await server.waitFor((stats) => stats.active === 0)).toMatchObject({ aborted: active, broken });
  });
});

describe('waitFor', () => {
  it('says what the counts were when they never came right', async () => {
    await using server = await start();
    await expect(server.waitFor(({ requests }) => requests === 1, 1)).rejects.toThrow(
      /within 1 ms.*"requests":0/,
    );
  });

  it('rejects with what its predicate throws', async () => {
    await using server = await start();
    const wrong = new Error('wrong');
    await expect(
      server.waitFor(() => {
        throw wrong;
      }),
    ).rejects.toBe(wrong);
  });
});

describe('requests', () => {
  it('are recorded as they came', async () => {
    await using server = await start();
    const call = request(`${server.url}/v1/completions?x=1`, {
      method: 'POST',
      agent: false,
      headers: { 'x-own': 'Mixed Case' },
    });
    call.end('{"prompt": "p",  "max_tokens": 1}');
    await once(call, 'response');
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/v1/completions',
        url: '/v1/completions?x=1',
        headers: { 'x-own': 'Mixed Case' },
        body: { prompt: 'p', max_tokens: 1 },
      },
    ]);
    expect(server.requests[0]?.rawBody.toString()).toBe('{"prompt": "p",  "max_tokens": 1}');
    call.destroy();
  });

  it('are kept up to a number, the newest of them', async () => {
    await using server = await start({ keepRequests: 2 });
    for (const prompt of ['a', 'b', 'c']) await post(`${server.url}/v1/completions`, { prompt });
    expect(server.requests.map(({ body }) => body)).toEqual([{ prompt: 'b' }, { prompt: 'c' }]);
  });

  it('are the text of what is no JSON', async () => {
    await using server = await start();
    await post(`${server.url}/v1/completions`, '{"prompt"');
    expect(server.requests[0]?.body).toBe('{"prompt"');
  });
});

describe('the life of a server', () => {
  it('kill: streams break off, connections are refused; restart: the same port answers', async () => {
    await using server = await start({ tokens: Number.POSITIVE_INFINITY });
    const { port } = server;
    const call = chat(server);
    await call.until('"content":"A"');
    await server.kill();
    expect(await call.answer).toMatchObject({ status: 200, complete: false, error: 'ECONNRESET' });
    expect(await get(`${server.url}/health`)).toMatchObject({ error: 'ECONNREFUSED' });
    expect(server.stats).toMatchObject({ broken: 1, aborted: 0, active: 0, connections: 0 });
    await server.restart();
    expect(server.port).toBe(port);
    expect((await get(`${server.url}/health`)).status).toBe(200);
  });

  it('kill: what waited for a slot breaks off too, and the slots are free afterwards', async () => {
    await using server = await start({ tokens: Number.POSITIVE_INFINITY, service: { slots: 1 } });
    const calls = [chat(server), chat(server)];
    await server.waitFor(({ active }) => active === 2);
    await server.kill();
    for (const call of calls) expect((await call.answer).complete).toBe(false);
    await server.restart();
    expect((await chat(server, { max_tokens: 2 }).answer).text).toContain('[DONE]');
  });

  it('stop: new connections are refused, streams end as they should, those that never would are broken off', async () => {
    await using server = await start({ service: { stepTime: 1 } });
    server.faultOnce({ kind: 'stall', after: 1 });
    const stalled = chat(server);
    await stalled.until('"content":"A"');
    const stream = chat(server);
    await stream.until('"content":"A"');
    const stopped = server.stop();
    expect((await get(`${server.url}/health`)).error).toBe('ECONNREFUSED');
    await stopped;
    expect(await stream.answer).toMatchObject({ complete: true });
    expect((await stalled.answer).complete).toBe(false);
    expect(server.stats).toMatchObject({ completed: 1, broken: 1, connections: 0 });
  });

  it('stop: streams that outlast the drain are broken off', async () => {
    await using server = await start({ tokens: Number.POSITIVE_INFINITY });
    const call = chat(server);
    await call.until('"content":"A"');
    await server.stop({ drain: 1 });
    expect((await call.answer).complete).toBe(false);
  });

  it('restart: a server that refused goes on refusing', async () => {
    await using server = await start();
    server.fault = { kind: 'refuse' };
    await server.kill();
    await server.restart();
    expect((await get(`${server.url}/health`)).error).toBe('ECONNREFUSED');
    await server.clearFaults();
    expect((await get(`${server.url}/health`)).status).toBe(200);
  });

  it('clearing a fault does not raise a killed server', async () => {
    await using server = await start();
    await server.kill();
    await server.clearFaults();
    expect((await get(`${server.url}/health`)).error).toBe('ECONNREFUSED');
  });

  it('start rejects when the port is taken', async () => {
    await using server = await start();
    await expect(start({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it.each([
    { name: 'has space' },
    { port: 65_536 },
    { models: [] },
    { tokens: -1 },
    { keepRequests: 0.5 },
    { keepAliveTimeout: Number.NaN },
  ])('start refuses %o', async (options) => {
    await expect(start(options)).rejects.toThrow(InvalidOptionError);
  });
});
