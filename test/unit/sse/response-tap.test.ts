import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../src/errors.js';
import {
  ABORT,
  COMMENT,
  DONE,
  ERROR_EVENT,
  FINISH,
  JSON_TYPE,
  NDJSON,
  ROLE,
  SSE,
  tapRig,
  token,
} from '../../support/tap-rig.js';

const timeout = (reason: string) => ({
  kind: 'failure',
  passable: false,
  outcome: { kind: 'fault', reason },
});

describe('ResponseTap before any answer', () => {
  it('gives a connection up after timeouts.connect, and says that nothing was sent', async () => {
    const rig = tapRig();
    rig.start();
    rig.clock.advance(9);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(1);
    expect(await rig.result()).toMatchObject({ outcome: { reason: 'timeout-connect', sent: false } });
    expect(rig.calls).toEqual(['abort']);
    expect(rig.clock.pending).toBe(0);
  });

  it('waits for a stream by timeouts.firstToken, counted from sending', async () => {
    const rig = tapRig();
    rig.start();
    rig.clock.advance(9);
    rig.tap.onSent(false);
    rig.clock.advance(99);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(1);
    expect(await rig.result()).toMatchObject(timeout('timeout-first-token'));
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'timeout-first-token', sent: true }]);
  });

  it('waits for any other answer by timeouts.response', async () => {
    const rig = tapRig({ streaming: false });
    rig.start();
    rig.tap.onSent(false);
    rig.clock.advance(499);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(1);
    expect(await rig.result()).toMatchObject(timeout('timeout-response'));
    expect(rig.clock.pending).toBe(0);
  });

  it('sets no clock that is switched off', () => {
    const off = Number.POSITIVE_INFINITY;
    const rig = tapRig({ timeouts: { connect: off, firstToken: off, response: off, idle: off } });
    rig.answer();
    rig.feed(COMMENT);
    expect(rig.clock.pending).toBe(0);
    rig.clock.advance(1e9);
    expect(rig.settled).toEqual([]);
  });

  it('tells a reset before the answer on a reused connection from one on a new connection', async () => {
    const reused = tapRig();
    reused.start();
    reused.tap.onSent(true);
    reused.tap.onError(new Error('other side closed'));
    expect(reused.settled).toEqual([{ kind: 'neutral', reason: 'stale-connection' }]);

    const fresh = tapRig();
    fresh.start();
    fresh.tap.onSent(false);
    fresh.tap.onError(new Error('other side closed'));
    expect(fresh.settled).toMatchObject([{ kind: 'fault', reason: 'reset', sent: true }]);

    const answered = tapRig();
    answered.start();
    answered.tap.onSent(true);
    answered.tap.onHeaders(200, SSE, 'OK');
    answered.tap.onError(new Error('other side closed'));
    expect(answered.settled).toMatchObject([{ kind: 'fault', reason: 'reset' }]);
  });

  it('calls a connection that never opened a fault of connecting', async () => {
    const rig = tapRig();
    rig.start();
    rig.tap.onError(new Error('ECONNREFUSED'));
    expect(await rig.result()).toMatchObject(timeout('connect'));
    expect(rig.settled).toMatchObject([{ sent: false }]);
    expect(rig.calls).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });

  it('hangs up on a transport that fails while it is being called', () => {
    const rig = tapRig();
    const calls: string[] = [];
    rig.tap.onError(new Error('invalid header'));
    rig.tap.start({ pause: () => {}, resume: () => {}, abort: () => calls.push('abort') });
    expect(calls).toEqual(['abort']);
    expect(rig.settled).toHaveLength(1);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('ResponseTap holding a stream back', () => {
  it('is not ready until the first content, then passes on all that came before it', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(COMMENT);
    rig.feed(ROLE);
    expect(await rig.result()).toBeUndefined();
    expect(rig.answering).toEqual([]);
    rig.clock.advance(30);
    rig.feed(token('Hi'));
    expect(await rig.result()).toEqual({ kind: 'answer' });
    expect(rig.answering).toEqual([{ elapsed: 30, streamed: true }]);
    rig.pass();
    expect(rig.text).toBe(COMMENT + ROLE + token('Hi'));
  });

  it('lets comments pass for no content: they do not put off timeouts.firstToken', async () => {
    const rig = tapRig();
    rig.answer();
    for (let count = 0; count < 10; count++) {
      expect(rig.settled).toEqual([]);
      rig.clock.advance(10);
      if (rig.settled.length === 0) rig.feed(COMMENT);
    }
    expect(await rig.result()).toMatchObject(timeout('timeout-first-token'));
    expect(rig.settled).toHaveLength(1);
  });

  it('gives a stream that nobody asked for timeouts.firstToken from its headers on', async () => {
    const rig = tapRig({ streaming: false });
    rig.start();
    rig.tap.onSent(false);
    rig.clock.advance(400);
    rig.tap.onHeaders(200, SSE, 'OK');
    rig.clock.advance(99);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(1);
    expect(rig.settled).toMatchObject([{ reason: 'timeout-first-token' }]);
  });

  it('offers an error event before content for retry or passing on, and counts it at once', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(ROLE + ERROR_EVENT);
    expect(await rig.result()).toMatchObject({
      kind: 'failure',
      passable: true,
      outcome: { kind: 'fault', reason: 'error-event' },
    });
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'error-event' }]);
    rig.pass();
    rig.feed(DONE);
    rig.tap.onEnd();
    expect(rig.settled).toHaveLength(1);
    expect(rig.text).toBe(ROLE + ERROR_EVENT + DONE);
    expect(rig.ends).toEqual(['end']);
  });

  it('takes an error event that speaks of overload for overload', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    );
    expect(await rig.result()).toMatchObject({ outcome: { kind: 'overloaded' } });
  });

  it('refuses a malformed event, whatever content came in the same chunk', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(`${token('Hi')}data: {"choices":\n\n`);
    expect(await rig.result()).toMatchObject(timeout('malformed'));
    expect(rig.calls).toEqual(['abort']);
  });

  it.each([
    ['nothing at all', []],
    ['comments only', [COMMENT, COMMENT]],
    ['a role and no content', [ROLE]],
  ])('calls a stream truncated that ends after %s', async (_, events) => {
    const rig = tapRig();
    rig.answer();
    for (const event of events) rig.feed(event);
    rig.tap.onEnd();
    expect(await rig.result()).toMatchObject(timeout('truncated'));
    expect(rig.settled).toHaveLength(1);
    expect(rig.calls).toEqual([]);
  });

  it('calls a stream truncated that ends in the middle of an event', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(token('Hi'));
    rig.pass();
    rig.feed(token('there').slice(0, 30));
    rig.tap.onEnd();
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'truncated' }]);
    expect(rig.ends).toMatchObject([{ code: 'STREAM_TRUNCATED' }]);
  });

  it('calls a stream truncated whose only event is cut', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(token('there').slice(0, 30));
    rig.tap.onEnd();
    expect(await rig.result()).toMatchObject(timeout('truncated'));
  });

  it('answers with an empty completion: a finish reason without content', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(ROLE + FINISH);
    expect(await rig.result()).toEqual({ kind: 'answer' });
  });

  it('answers with 64 KiB of what is no content', async () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(`: ${'x'.repeat(64 * 1024)}\n`);
    expect(await rig.result()).toEqual({ kind: 'answer' });
  });
});

describe('ResponseTap passing a stream on', () => {
  const flowing = () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(token('a'));
    rig.pass();
    return rig;
  };

  it('ends well at the terminator and the end', () => {
    const rig = flowing();
    rig.feed(token('b') + FINISH + DONE);
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.closes).toBe(0);
    rig.tap.onEnd();
    expect(rig.ends).toEqual(['end']);
    expect(rig.closes).toBe(1);
    expect(rig.settled).toHaveLength(1);
    expect(rig.calls).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });

  it('takes a finish reason and a clean end for a whole answer, without [DONE]', () => {
    const rig = flowing();
    rig.feed(FINISH);
    expect(rig.settled).toEqual([]);
    rig.tap.onEnd();
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.ends).toEqual(['end']);
  });

  it('reports a clean end without terminator as an error, never as an end', () => {
    const rig = flowing();
    rig.tap.onEnd();
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'truncated' }]);
    expect(rig.ends).toHaveLength(1);
    expect(rig.ends[0]).toBeInstanceOf(StreamError);
    expect(rig.ends[0]).toMatchObject({ code: 'STREAM_TRUNCATED', endpoint: 'a' });
  });

  it('reports a reset in the middle as an error that names its cause', () => {
    const rig = flowing();
    const cause = new Error('ECONNRESET');
    rig.tap.onError(cause);
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'reset' }]);
    expect(rig.ends).toMatchObject([{ code: 'STREAM_RESET', cause }]);
    expect((rig.ends[0] as Error).name).not.toBe('AbortError');
  });

  it('forgives a reset after the terminator', () => {
    const rig = flowing();
    rig.feed(DONE);
    rig.tap.onError(new Error('ECONNRESET'));
    expect(rig.ends).toEqual(['end']);
    expect(rig.settled).toEqual([{ kind: 'success' }]);
  });

  it('stalls after timeouts.idle without content; comments do not put that off', () => {
    const rig = flowing();
    rig.clock.advance(49);
    rig.feed(token('b'));
    rig.clock.advance(30);
    rig.feed(COMMENT);
    rig.clock.advance(19);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(1);
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'stall' }]);
    expect(rig.ends).toMatchObject([{ code: 'STREAM_STALLED' }]);
    expect((rig.ends[0] as Error).message).toContain('50 ms');
    expect(rig.calls).toEqual(['abort']);
    expect(rig.clock.pending).toBe(0);
  });

  it('ends an answer whose connection stays open behind the terminator, and closes that', () => {
    const rig = flowing();
    rig.feed(DONE);
    rig.clock.advance(50);
    expect(rig.ends).toEqual(['end']);
    expect(rig.calls).toEqual(['abort']);
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.clock.pending).toBe(0);
  });

  it('settles an error event after content as a fault at once, and passes it on', () => {
    const rig = flowing();
    rig.feed(ERROR_EVENT);
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'error-event' }]);
    expect(rig.text).toBe(token('a') + ERROR_EVENT);
    rig.tap.onEnd();
    expect(rig.ends).toEqual(['end']);
    expect(rig.settled).toHaveLength(1);
  });

  it.each([
    ['malformed', 'data: {"choices":\n\n', 'STREAM_PROTOCOL'],
    ['truncated', ABORT, 'STREAM_TRUNCATED'],
  ])(
    'passes all of a stream on that is %s after content, counts it at once, and never ends it well',
    (reason, event, code) => {
      const rig = flowing();
      rig.feed(event);
      expect(rig.settled).toMatchObject([{ kind: 'fault', reason }]);
      expect(rig.ends).toEqual([]);
      rig.feed(token('b') + DONE);
      expect(rig.ends).toEqual([]);
      rig.tap.onEnd();
      expect(rig.settled).toHaveLength(1);
      expect(rig.ends).toMatchObject([{ code }]);
      expect(rig.text).toBe(token('a') + event + token('b') + DONE);
    },
  );

  it('does not mind what follows the terminator', () => {
    const rig = flowing();
    rig.feed(DONE);
    rig.feed('data: {"choices":\n\n');
    rig.tap.onEnd();
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.ends).toEqual(['end']);
  });

  it('pauses the connection when the reader cannot keep up, and lets it run when it can', () => {
    const rig = flowing();
    rig.room = false;
    rig.feed(token('b'));
    expect(rig.calls).toEqual(['pause']);
    // The idle clock stands still while the reader does.
    rig.clock.advance(199);
    expect(rig.settled).toEqual([]);
    rig.room = true;
    rig.tap.resume();
    expect(rig.calls).toEqual(['pause', 'resume']);
    rig.clock.advance(49);
    expect(rig.settled).toEqual([]);
    rig.clock.advance(1);
    expect(rig.settled).toMatchObject([{ reason: 'stall' }]);
  });

  it('pauses when the reader has no room for what was held back', () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(token('a'));
    rig.room = false;
    rig.pass();
    expect(rig.calls).toEqual(['pause']);
  });

  it('does not resume what is not paused', () => {
    const rig = flowing();
    rig.tap.resume();
    expect(rig.calls).toEqual([]);
  });

  it('gives up a reader that stopped reading for timeouts.unread, without blaming the endpoint', () => {
    const rig = flowing();
    rig.room = false;
    rig.feed(token('b'));
    rig.clock.advance(200);
    expect(rig.settled).toEqual([{ kind: 'neutral', reason: 'abandoned' }]);
    expect(rig.ends).toMatchObject([{ code: 'BODY_ABANDONED' }]);
    expect(rig.calls).toEqual(['pause', 'abort']);
    expect(rig.clock.pending).toBe(0);
  });

  it('knows no clock any more when the end came while the reader paused', () => {
    const rig = flowing();
    rig.room = false;
    rig.feed(DONE);
    rig.tap.onEnd();
    expect(rig.clock.pending).toBe(0);
    expect(rig.ends).toEqual(['end']);
    rig.tap.resume();
    expect(rig.calls).toEqual(['pause']);
  });

  it('watches Ollama streams as well', () => {
    const rig = tapRig();
    rig.answer(NDJSON);
    rig.feed('{"message":{"role":"assistant","content":"Hi"},"done":false}\n');
    rig.pass();
    rig.feed('{"done":true,"prompt_eval_count":3,"eval_count":1}\n');
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.tap.watch?.findings.usage).toEqual({ prompt: 3, completion: 1 });
  });
});

describe('ResponseTap with answers that do not stream', () => {
  it('collects JSON and answers at its end, as one piece', async () => {
    const rig = tapRig({ streaming: false });
    rig.start();
    rig.tap.onSent(false);
    rig.clock.advance(7);
    rig.tap.onHeaders(200, JSON_TYPE, 'OK');
    expect(rig.answering).toEqual([{ elapsed: 7, streamed: false }]);
    rig.feed('{"id":');
    expect(await rig.result()).toBeUndefined();
    rig.feed('"x"}\n');
    rig.tap.onEnd();
    expect(await rig.result()).toEqual({ kind: 'answer' });
    expect(Buffer.from(rig.tap.complete ?? []).toString()).toBe('{"id":"x"}\n');
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    rig.pass();
    expect(rig.text).toBe('{"id":"x"}\n');
    expect(rig.ends).toEqual(['end']);
    expect(rig.tap.complete).toBeUndefined();
  });

  it('fails JSON that is cut in the middle, though the end was clean', async () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    rig.feed('{"id":"x","choi');
    rig.tap.onEnd();
    expect(await rig.result()).toMatchObject(timeout('malformed'));
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'malformed', status: 200 }]);
  });

  it('fails an HTML page that calls itself JSON', async () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    rig.feed('<html>busy</html>');
    rig.tap.onEnd();
    expect(await rig.result()).toMatchObject(timeout('malformed'));
  });

  it.each(['', ' \n'])('fails %j in the place of a model’s answer', async (body) => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    if (body !== '') rig.feed(body);
    rig.tap.onEnd();
    expect(await rig.result()).toMatchObject(timeout('truncated'));
  });

  it.each([
    ['an error', '{"error":{"message":"CUDA out of memory","type":"server_error"}}', 'error-event'],
    ['an error by its type', ' {"type": "error", "error": {"message": "no"}}', 'error-event'],
    ['a text that the engine gave up', '{"choices":[{"text":"Hi","finish_reason":"abort"}]}', 'truncated'],
  ])('offers %s of status 200 for retry or passing on', async (_, body, reason) => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    rig.feed(body);
    rig.tap.onEnd();
    expect(await rig.result()).toMatchObject({ kind: 'failure', passable: true, outcome: { reason } });
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason }]);
    rig.pass();
    expect(rig.text).toBe(body);
    expect(rig.ends).toEqual(['end']);
  });

  it.each([
    ['that speaks of errors', { text: '{"error":{"message":"x"}} "finish_reason":"abort"' }],
    ['whose error is null', { error: null, output: [] }],
  ])('takes an answer %s for an answer', async (_, body) => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    rig.feed(JSON.stringify(body));
    rig.tap.onEnd();
    expect(await rig.result()).toEqual({ kind: 'answer' });
    expect(rig.settled).toEqual([{ kind: 'success' }]);
  });

  it('breaks a large body off that ends as no JSON does, before its last chunk', async () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    rig.feed(`{"data":"${'x'.repeat(64 * 1024)}`);
    await rig.result();
    rig.pass();
    rig.feed('" \n');
    rig.tap.onEnd();
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'malformed' }]);
    expect(rig.ends).toMatchObject([{ code: 'STREAM_PROTOCOL' }]);
    // Not all that `content-length` promised, or the answer would be complete for HTTP.
    expect(rig.text).not.toContain('" \n');
  });

  it.each(['{}', '[1]', '"text"', 'null', '12.5', ' \n', ''])('takes %j for JSON', async (body) => {
    const rig = tapRig({ streaming: false, inference: false });
    rig.answer(JSON_TYPE);
    if (body !== '') rig.feed(body);
    rig.tap.onEnd();
    expect(await rig.result()).toEqual({ kind: 'answer' });
  });

  it('passes JSON of more than 64 KiB on before its end', async () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    const first = `{"data":"${'x'.repeat(64 * 1024)}`;
    rig.feed(first);
    expect(await rig.result()).toEqual({ kind: 'answer' });
    rig.pass();
    rig.feed('"}');
    rig.tap.onEnd();
    expect(rig.text).toBe(`${first}"}`);
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.ends).toEqual(['end']);
  });

  it('collects an error answer, whatever its type, and leaves its judgement to the request', async () => {
    const rig = tapRig();
    rig.answer(SSE, 503);
    rig.feed('busy');
    expect(await rig.result()).toBeUndefined();
    rig.tap.onEnd();
    expect(await rig.result()).toEqual({ kind: 'answer' });
    expect(rig.settled).toEqual([]);
    expect(rig.answering).toEqual([]);
    expect(rig.closes).toBe(1);
  });

  it.each([
    ['audio', { 'content-type': 'audio/mpeg' }, false],
    ['a compressed stream', { ...SSE, 'content-encoding': 'gzip' }, true],
  ])('passes %s on at its first byte', async (_, headers, inference) => {
    const rig = tapRig({ inference });
    rig.answer(headers);
    expect(await rig.result()).toBeUndefined();
    rig.feed('\u0000\u0001');
    expect(await rig.result()).toEqual({ kind: 'answer' });
    rig.pass();
    rig.tap.onEnd();
    expect(rig.settled).toEqual([{ kind: 'success' }]);
  });

  it('stalls when chunks stop coming for timeouts.idle; each chunk puts that off', () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    for (let chunk = 0; chunk < 5; chunk++) {
      rig.clock.advance(49);
      rig.feed('[1,');
    }
    expect(rig.settled).toEqual([]);
    rig.clock.advance(50);
    expect(rig.settled).toMatchObject([{ kind: 'fault', reason: 'stall' }]);
  });

  it('lets the connection run on when the reader of a paused body comes', () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE);
    rig.tap.onData(Buffer.alloc(1024 * 1024 + 1, 0x20));
    expect(rig.calls).toEqual(['pause']);
    rig.pass();
    expect(rig.calls).toEqual(['pause', 'resume']);
    rig.clock.advance(50);
    expect(rig.settled).toMatchObject([{ reason: 'stall' }]);
  });

  it('holds a bounded part of a body that nobody has asked for yet, and not forever', async () => {
    const rig = tapRig({ streaming: false });
    rig.answer(JSON_TYPE, 500);
    const chunk = Buffer.alloc(256 * 1024, 0x20);
    for (let count = 0; count < 64; count++) {
      if (rig.calls.includes('pause')) break;
      rig.tap.onData(chunk);
    }
    expect(await rig.result()).toEqual({ kind: 'answer' });
    // A retry may wait a long time before this answer is passed on or thrown away.
    expect(rig.calls).toEqual(['pause']);
    rig.clock.advance(200);
    expect(rig.settled).toEqual([{ kind: 'neutral', reason: 'abandoned' }]);
  });
});

describe('ResponseTap ended from our side', () => {
  const waiting = (rig: ReturnType<typeof tapRig>) => {
    rig.start();
    rig.tap.onSent(false);
  };
  const holding = (rig: ReturnType<typeof tapRig>) => {
    rig.answer();
    rig.feed(ROLE);
  };
  const flowing = (rig: ReturnType<typeof tapRig>) => {
    rig.answer();
    rig.feed(token('a'));
    rig.pass();
  };
  const steps: [string, (rig: ReturnType<typeof tapRig>) => void][] = [
    ['connecting', (rig) => rig.start()],
    ['waiting', waiting],
    ['holding', holding],
    ['flowing', flowing],
  ];

  it.each(steps)(
    'while %s: closes the connection, settles neutral, and leaves no timer',
    async (phase, reach) => {
      const rig = tapRig();
      reach(rig);
      rig.tap.cancel();
      expect(rig.calls).toEqual(['abort']);
      expect(rig.settled).toEqual([{ kind: 'neutral', reason: 'caller-left' }]);
      expect(rig.closes).toBe(1);
      expect(rig.clock.pending).toBe(0);
      expect(await rig.result()).toMatchObject(
        phase === 'flowing' ? { kind: 'answer' } : { kind: 'failure' },
      );
      rig.tap.cancel();
      rig.tap.onError(new Error('late'));
      rig.tap.onEnd();
      rig.feed('late');
      expect(rig.settled).toHaveLength(1);
      expect(rig.closes).toBe(1);
      expect(rig.ends).toEqual([]);
    },
  );

  it('tells a reader in the middle of the body why', () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(token('a'));
    rig.pass();
    const reason = new Error('the caller has left');
    rig.tap.end({ kind: 'neutral', reason: 'caller-left' }, reason);
    expect(rig.ends).toEqual([reason]);
  });

  it('after the end: keeps the outcome', () => {
    const rig = tapRig();
    rig.answer();
    rig.feed(token('a') + DONE);
    rig.pass();
    rig.tap.onEnd();
    rig.tap.cancel();
    expect(rig.settled).toEqual([{ kind: 'success' }]);
    expect(rig.calls).toEqual([]);
    expect(rig.ends).toEqual(['end']);
  });
});

describe('Blank lines in the place of JSON', () => {
  it('keep an answer waiting that has not begun, longer than `idle`, for no longer than `response`', async () => {
    const rig = tapRig({ streaming: false, timeouts: { idle: 50, response: 500 } });
    rig.answer(JSON_TYPE);
    for (let time = 0; time < 480; time += 40) {
      rig.feed('\r\n');
      rig.clock.advance(40);
    }
    expect(await rig.result()).toBeUndefined();
    rig.feed('\n');
    rig.clock.advance(20);
    expect(await rig.result()).toMatchObject({
      kind: 'failure',
      outcome: { kind: 'fault', reason: 'timeout-response' },
    });
  });

  it('give way to the answer, from whose first byte on `idle` counts what is not blank', async () => {
    const rig = tapRig({ streaming: false, timeouts: { idle: 50, response: 500 } });
    rig.answer(JSON_TYPE);
    rig.feed('\n');
    rig.clock.advance(400);
    rig.feed('{"a":');
    rig.clock.advance(49);
    rig.feed(' \n');
    rig.feed('1}');
    rig.clock.advance(49);
    expect(await rig.result()).toBeUndefined();
    rig.feed('\n\n');
    rig.clock.advance(1);
    expect(await rig.result()).toMatchObject({ kind: 'failure', outcome: { reason: 'stall' } });
  });
});
