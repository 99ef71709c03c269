import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.js';
import { MockLlmServer, type RequestFault } from '../../../src/testing/mock-llm-server.js';
import { get, post, RawCall, sseData } from '../../support/raw-call.js';

const CHAT = '/v1/chat/completions';
const HOUR = 3_600_000;

let clock: ManualClock;
let server: MockLlmServer;
beforeEach(async () => {
  clock = manualClock();
  server = await MockLlmServer.start({ name: 'a', tokens: 6, clock });
});
afterEach(() => server.kill());

const body = (stream: boolean) => ({ model: 'm', messages: [], stream });
const ask = (fault: RequestFault, stream = true, path = CHAT) => {
  server.fault = fault;
  return new RawCall(server.url + path, body(stream));
};
/** The content that has come so far, whatever else has not. */
const content = (text: string) =>
  [...text.matchAll(/"content":"([^"]+)"/g)].map(([, piece]) => piece).join('');
/** Lets an hour of the server's time pass, and then as much real time as a whole exchange takes. */
const wait = async () => {
  await clock.advanceAsync(HOUR);
  await get(`${server.url}/health`);
};

describe.each([true, false])('with streaming %s', (stream) => {
  it('reset-before-headers: the connection is reset and no byte comes', async () => {
    const answer = await ask({ kind: 'reset-before-headers' }, stream).answer;
    expect(answer).toMatchObject({ status: undefined, error: 'ECONNRESET', text: '' });
    expect(server.stats).toMatchObject({ broken: 1, aborted: 0, active: 0 });
  });

  it('reset-after-headers: 200, and then a reset', async () => {
    const answer = await ask({ kind: 'reset-after-headers' }, stream).answer;
    expect(answer).toMatchObject({ status: 200, complete: false, error: 'ECONNRESET', text: '' });
    expect(server.stats.broken).toBe(1);
  });

  it('status: that status, with its headers and its body', async () => {
    const answer = await ask(
      { kind: 'status', status: 429, headers: { 'retry-after': '7' }, body: { wait: true } },
      stream,
    ).answer;
    expect(answer).toMatchObject({ status: 429, complete: true, text: '{"wait":true}' });
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'x-mock-server': 'a' });
    expect(server.stats.completed).toBe(1);
  });

  it('status: an error of the protocol, unless there is a body', async () => {
    const openAi = await ask({ kind: 'status', status: 500 }, stream).answer;
    expect(JSON.parse(openAi.text)).toMatchObject({ error: { message: 'The mock server answers 500' } });
    const anthropic = await ask({ kind: 'status', status: 529 }, stream, '/v1/messages').answer;
    expect(JSON.parse(anthropic.text)).toMatchObject({ type: 'error' });
    const text = await ask({ kind: 'status', status: 502, body: '<html>' }, stream).answer;
    expect(text.text).toBe('<html>');
  });

  it('hang: not even headers, however long', async () => {
    const call = ask({ kind: 'hang' }, stream);
    let answered = false;
    call.headers().then(
      () => (answered = true),
      () => {},
    );
    await server.waitFor(({ active }) => active === 1);
    await wait();
    expect(answered).toBe(false);
    call.leave();
    await server.waitFor(({ aborted }) => aborted === 1);
  });

  it('hang-after-headers: headers, and nothing after them', async () => {
    const call = ask({ kind: 'hang-after-headers' }, stream);
    await call.headers();
    await wait();
    expect(call.text).toBe('');
    expect(server.stats.active).toBe(1);
    call.leave();
    await server.waitFor(({ aborted }) => aborted === 1);
  });

  it('garbage: what comes is not HTTP', async () => {
    const answer = await ask({ kind: 'garbage' }, stream).answer;
    expect(answer.status).toBeUndefined();
    expect(answer.error).toMatch(/^HPE_/);
    expect(server.stats.broken).toBe(1);
  });

  it('garbage-body: the right type over the wrong body', async () => {
    const answer = await ask({ kind: 'garbage-body' }, stream).answer;
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.headers['content-type']).toMatch(stream ? 'text/event-stream' : 'application/json');
    expect(answer.text).toMatch(/^<!doctype html>/);
  });

  it('short-body: less than content-length promised', async () => {
    const answer = await ask({ kind: 'short-body' }, stream).answer;
    expect(answer).toMatchObject({ status: 200, complete: false, error: 'ECONNRESET' });
    expect(answer.text).not.toBe('');
    expect(answer.text.length).toBeLessThan(Number(answer.headers['content-length']));
  });
});

describe('a stream', () => {
  it('stall: so many tokens, then silence', async () => {
    const call = ask({ kind: 'stall', after: 3 });
    await call.until(server.completionText(3).slice(-2));
    await wait();
    expect(content(call.text)).toBe(server.completionText(3));
    expect(server.stats.active).toBe(1);
    expect(server.requests.at(-1)?.tokens).toBe(3);
    call.leave();
    await server.waitFor(({ aborted, active }) => aborted === 1 && active === 0);
  });

  it('stall after 0: the role has come, content has not', async () => {
    const call = ask({ kind: 'stall', after: 0 });
    await call.until('assistant');
    await wait();
    expect(sseData(call.text)).toHaveLength(1);
    expect(content(call.text)).toBe('');
  });

  it('stall-with-comments: so many tokens, then a comment at once and one each interval', async () => {
    const call = ask({ kind: 'stall-with-comments', after: 2, interval: 100 });
    await call.until(': keep-alive');
    await clock.advanceAsync(300);
    await call.until(': keep-alive\n\n'.repeat(4));
    expect(content(call.text)).toBe(server.completionText(2));
    expect(sseData(call.text)).toHaveLength(3);
  });

  it('cut: so many tokens, then the connection is gone', async () => {
    const answer = await ask({ kind: 'cut', after: 3 }).answer;
    expect(answer).toMatchObject({ status: 200, complete: false, error: 'ECONNRESET' });
    expect(content(answer.text)).toBe(server.completionText(3));
    expect(server.stats).toMatchObject({ broken: 1, aborted: 0, completed: 0 });
  });

  it('cut after 0: the opening has come', async () => {
    const answer = await ask({ kind: 'cut', after: 0 }).answer;
    expect(answer.complete).toBe(false);
    expect(sseData(answer.text)).toHaveLength(1);
  });

  it('end-early: so many tokens and a clean end, no finish reason, no terminator', async () => {
    const answer = await ask({ kind: 'end-early', after: 3 }).answer;
    expect(answer).toMatchObject({ complete: true, error: undefined });
    expect(content(answer.text)).toBe(server.completionText(3));
    expect(answer.text).not.toContain('[DONE]');
    expect(answer.text).not.toContain('"finish_reason":"');
  });

  it('end-early beyond the last token: all of the text, and still no terminator', async () => {
    const answer = await ask({ kind: 'end-early', after: 1000 }).answer;
    expect(content(answer.text)).toBe(server.completionText());
    expect(answer.text).not.toContain('[DONE]');
  });

  it('malformed: one broken event among whole ones', async () => {
    const answer = await ask({ kind: 'malformed', after: 2 }).answer;
    const good = [...answer.text.matchAll(/^data: (.*)$/gm)].filter(([, data = '']) => {
      try {
        return data === '[DONE]' || JSON.parse(data);
      } catch {
        return false;
      }
    });
    const all = answer.text.match(/^data: /gm) ?? [];
    expect(all.length - good.length).toBe(1);
    expect(content(answer.text)).toBe(server.completionText());
    expect(answer.text).toContain('[DONE]');
  });

  it('error-event: so many tokens, the error, the end', async () => {
    const answer = await ask({ kind: 'error-event', after: 2, error: { message: 'out of memory' } }).answer;
    const [error, done] = sseData(answer.text).slice(-2);
    expect(error).toMatchObject({ error: { message: 'out of memory' } });
    expect(done).toBe('[DONE]');
    expect(content(answer.text)).toBe(server.completionText(2));
    expect(answer.text).not.toContain('"finish_reason":"');
  });

  it.each([
    ['/v1/messages', 'event: error\ndata: {"type":"error","error":{"type":"t","message":"m"}}\n\n'],
    ['/api/chat', '{"error":"m"}\n'],
  ])('error-event: in the form of %s', async (path, tail) => {
    const answer = await ask(
      { kind: 'error-event', after: 1, error: { message: 'm', type: 't' } },
      true,
      path,
    ).answer;
    expect(answer.text.endsWith(tail)).toBe(true);
  });

  it('error-event: in the form of /v1/responses', async () => {
    const { text } = await ask({ kind: 'error-event', after: 1 }, true, '/v1/responses').answer;
    expect(sseData(text).at(-1)).toMatchObject({ type: 'error', message: 'The engine failed' });
  });

  it.each(['end', 'cut', 'answer', 'hang'] as const)(
    'comments-only: as many comments as asked for in place of content, then %s',
    async (next) => {
      const call = ask({ kind: 'comments-only', count: 2, interval: 5, next });
      await call.until(': keep-alive\n\n');
      await clock.advanceAsync(5);
      await call.until(': keep-alive\n\n'.repeat(2));
      expect(sseData(call.text)).toEqual([]);
      await clock.advanceAsync(5);
      if (next === 'hang') {
        await wait();
        expect(call.text).toBe(': keep-alive\n\n'.repeat(2));
        call.leave();
        return;
      }
      const { text, complete } = await call.answer;
      expect(complete).toBe(next !== 'cut');
      expect(content(text)).toBe(next === 'answer' ? server.completionText() : '');
    },
  );

  it('slow: each token but the first waits for the interval', async () => {
    const call = ask({ kind: 'slow', interval: 50 });
    for (let token = 1; token < 6; token++) {
      const sofar = server.completionText(token);
      await call.until(JSON.stringify(sofar.slice(server.completionText(token - 1).length)));
      expect(content(call.text)).toBe(sofar);
      await clock.advanceAsync(50);
    }
    expect((await call.answer).text).toContain('[DONE]');
    expect(clock.now()).toBe(250);
  });
});

describe('an answer in one piece', () => {
  const whole = async () => (await post(server.url + CHAT, body(false))).text.replace('a-1', 'a-2');

  it('stall: half of it, then silence', async () => {
    const all = await whole();
    const call = ask({ kind: 'stall', after: 1 }, false);
    await call.until(all.slice(10, all.length >> 1));
    await wait();
    expect(call.text).toBe(all.slice(0, all.length >> 1));
    call.leave();
    await server.waitFor(({ aborted }) => aborted === 1);
  });

  it('stall-with-comments: headers, and a blank line each interval', async () => {
    const call = ask({ kind: 'stall-with-comments', after: 1, interval: 100 }, false);
    await call.until('\n');
    await clock.advanceAsync(200);
    await call.until('\n\n\n');
    expect(call.text.trim()).toBe('');
  });

  it('cut: half of it, then the connection is gone', async () => {
    const all = await whole();
    const answer = await ask({ kind: 'cut', after: 1 }, false).answer;
    expect(answer).toMatchObject({ status: 200, complete: false, text: all.slice(0, all.length >> 1) });
  });

  it('end-early: half of it, cleanly ended', async () => {
    const all = await whole();
    const answer = await ask({ kind: 'end-early', after: 1 }, false).answer;
    expect(answer).toMatchObject({ status: 200, complete: true, text: all.slice(0, all.length >> 1) });
  });

  it('malformed: as long as it should be, and no JSON', async () => {
    const answer = await ask({ kind: 'malformed', after: 1 }, false).answer;
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.text).toContain(server.completionText());
    expect(() => JSON.parse(answer.text)).toThrow(SyntaxError);
  });

  it('error-event: an error body of status 200', async () => {
    const answer = await ask({ kind: 'error-event', after: 1 }, false).answer;
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: 'The engine failed' } });
  });

  it('comments-only then answer: blank lines and then a body that parses', async () => {
    const call = ask({ kind: 'comments-only', count: 2, interval: 5, next: 'answer' }, false);
    await call.until('\n');
    await clock.advanceAsync(5);
    await call.until('\n\n');
    await clock.advanceAsync(5);
    const { text } = await call.answer;
    expect(text).toMatch(/^\n\n\{/);
    expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion' });
  });

  it('slow: late by the interval for each token but the first', async () => {
    const call = ask({ kind: 'slow', interval: 50 }, false);
    await server.waitFor(({ active }) => active === 1);
    let over = false;
    call.answer.then(() => (over = true));
    while (!over) await clock.advanceAsync(10);
    expect(clock.now()).toBeGreaterThanOrEqual(250);
    expect(JSON.parse(call.text)).toMatchObject({ object: 'chat.completion' });
  });
});

describe('which request a fault hits', () => {
  const status = async (path = CHAT) => (await post(server.url + path, body(false))).status;
  const fault = (code: number, everywhere = false): RequestFault => ({
    kind: 'status',
    status: code,
    everywhere,
  });

  it('faultOnce: the next ones, before the standing fault', async () => {
    server.fault = fault(500);
    server.faultOnce(fault(501));
    server.faultOnce(fault(502), 2);
    expect([await status(), await status(), await status(), await status()]).toEqual([501, 502, 502, 500]);
    server.fault = undefined;
    expect(await status()).toBe(200);
  });

  it('faultWith: what it says, and the standing fault where it says nothing', async () => {
    server.fault = fault(500);
    server.faultWith(({ path }) => (path === CHAT ? fault(501) : undefined));
    expect([await status(), await status('/v1/completions')]).toEqual([501, 500]);
    server.faultWith(undefined);
    expect(await status()).toBe(500);
  });

  it('inference alone, unless the fault is meant for everywhere', async () => {
    const probe = async () => (await get(`${server.url}/health`)).status;
    server.fault = fault(500);
    server.faultOnce(fault(501));
    expect([await probe(), await status()]).toEqual([200, 501]);
    server.fault = fault(500, true);
    expect(await probe()).toBe(500);
  });

  it('refuse: connections are refused, a stream under way goes on, and clearing it listens on the same port', async () => {
    const { port } = server;
    const call = ask({ kind: 'slow', interval: 10 });
    await call.until('assistant');
    server.fault = { kind: 'refuse' };
    await server.ready();
    expect(await get(`${server.url}/health`)).toMatchObject({ status: undefined, error: 'ECONNREFUSED' });
    await clock.advanceAsync(0);
    let over = false;
    call.answer.then(() => (over = true));
    while (!over) await clock.advanceAsync(10);
    expect(call.text).toContain('[DONE]');
    await server.clearFaults();
    expect(server.port).toBe(port);
    expect((await get(`${server.url}/health`)).status).toBe(200);
  });

  it('is written to the record of the request', async () => {
    server.faultOnce(fault(503));
    await status();
    await status();
    expect(server.requests.map((request) => request.fault?.kind)).toEqual(['status', undefined]);
  });
});
