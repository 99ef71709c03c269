import { describe, expect, it } from 'vitest';
import type { OutcomeKind } from '../../../src/core/outcome.js';
import { StreamError } from '../../../src/errors.js';
import { type NextAttempt, ResumableBody, type ResumeTerms } from '../../../src/sse/resumable-body.js';
import { readChatStream, seamless } from '../../support/chat-stream.js';
import { COMMENT, DONE, ERROR_EVENT, FINISH, ROLE, tapRig, token } from '../../support/tap-rig.js';

const STREAM = Buffer.from(
  [ROLE, COMMENT, token('Grüße'), token(' 🦊'), token(' mehr'), FINISH, DONE].join(''),
);
const TEXT = 'Grüße 🦊 mehr';
const STALLED = new StreamError('STREAM_STALLED', 'nothing came', 'a');

/** A first attempt, a reader that writes down what it gets, and whatever is to go on when it is asked. */
function resumable(terms: Partial<ResumeTerms> = {}) {
  const first = tapRig();
  first.answer();
  const asked: { text: string; tokens: number }[] = [];
  const over: OutcomeKind[] = [];
  const stops: string[] = [];
  const received: Uint8Array[] = [];
  const ends: ('end' | Error)[] = [];
  const reader = { room: true };
  let answer: (next: NextAttempt) => void = () => {};
  const body = new ResumableBody(first.tap, {
    seams: 3,
    maxText: 1_000,
    next: (_failed, { text, tokens }) => {
      asked.push({ text, tokens });
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    stop: () => stops.push('stop'),
    completed: () => {},
    failure: () => STALLED,
    over: (outcome) => over.push(outcome),
    ...terms,
  });
  const pipe = () =>
    body.pipe({
      write: (chunk) => {
        received.push(Uint8Array.from(chunk));
        return reader.room;
      },
      end: () => ends.push('end'),
      fail: (error) => ends.push(error),
    });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    first,
    body,
    asked,
    over,
    stops,
    ends,
    reader,
    pipe,
    get text() {
      return Buffer.concat(received).toString();
    },
    /** Another endpoint goes on with these events. */
    async goesOn(...events: string[]) {
      const next = tapRig();
      next.answer();
      next.tap.commit();
      answer({ kind: 'continued', tap: next.tap });
      await turn();
      for (const event of events) next.feed(event);
      return next;
    },
    async nobody() {
      answer({ kind: 'none' });
      await turn();
    },
  };
}

/** Lets a stream stall that had sent so many bytes and had been passed on. */
function stalledAfter(bytes: number, terms?: Partial<ResumeTerms>) {
  const rig = resumable(terms);
  rig.first.tap.commit();
  rig.pipe();
  if (bytes > 0) rig.first.tap.onData(STREAM.subarray(0, bytes));
  rig.first.clock.advance(1_000);
  return rig;
}

describe('A stream that stalls', () => {
  it('after any byte is one exact answer', async () => {
    const finish = STREAM.indexOf(FINISH) + FINISH.length;
    for (let bytes = STREAM.indexOf(token('Grüße')); bytes < STREAM.length; bytes++) {
      const rig = stalledAfter(bytes);
      if (bytes < finish) {
        const [asked] = rig.asked;
        const rest = TEXT.slice(asked?.text.length)
          .replace(/(?<= )/, '\0')
          .split('\0');
        const next = await rig.goesOn(ROLE, ...rest.map(token), FINISH, DONE);
        next.tap.onEnd();
      }
      const { text, roles, finishes, dones, doneLast } = readChatStream(rig.text);
      expect({ bytes, text, roles, finishes, dones, doneLast }).toEqual({ bytes, ...seamless(TEXT) });
      expect({ bytes, ends: rig.ends, over: rig.over }).toEqual({ bytes, ends: ['end'], over: ['success'] });
      // What came before the seam is what the endpoint sent.
      const untouched = STREAM.subarray(0, bytes).toString();
      expect(rig.text).toContain(untouched.slice(0, untouched.lastIndexOf('\n\n') + 2));
    }
  });

  it('is asked for on, and settled, once', async () => {
    const rig = stalledAfter(STREAM.indexOf(FINISH));
    expect(rig.asked).toEqual([{ text: TEXT, tokens: 3 }]);
    expect(rig.first.settled).toMatchObject([{ kind: 'fault', reason: 'stall' }]);
    const next = await rig.goesOn(FINISH, DONE);
    expect(rig.over).toEqual([]);
    next.tap.onEnd();
    expect(rig.over).toEqual(['success']);
    expect(rig.first.settled).toHaveLength(1);
    expect(next.settled).toEqual([{ kind: 'success' }]);
  });

  it('that nobody continues fails with its own error, after the bytes that came', async () => {
    const bytes = STREAM.indexOf(FINISH) + 20;
    const rig = stalledAfter(bytes);
    await rig.nobody();
    expect(rig.text).toBe(STREAM.subarray(0, bytes).toString());
    expect(rig.ends).toMatchObject([{ code: 'STREAM_STALLED' }]);
    expect(rig.over).toEqual(['fault']);
  });

  it('again fails when there have been as many seams as may be', async () => {
    const rig = stalledAfter(STREAM.indexOf(FINISH), { seams: 1 });
    const next = await rig.goesOn(token('!'));
    next.clock.advance(1_000);
    expect(rig.asked).toHaveLength(1);
    expect(rig.ends).toMatchObject([{ code: 'STREAM_STALLED' }]);
    expect(rig.over).toEqual(['fault']);
  });

  it('with more text than is kept fails', () => {
    const rig = stalledAfter(STREAM.indexOf(FINISH), { maxText: 5 });
    expect(rig.asked).toEqual([]);
    expect(rig.ends).toMatchObject([{ code: 'STREAM_STALLED' }]);
  });

  it('because nobody reads it is not continued', () => {
    const rig = resumable();
    rig.first.tap.commit();
    rig.reader.room = false;
    rig.pipe();
    rig.first.feed(ROLE + token('One'));
    rig.first.clock.advance(1_000);
    expect(rig.asked).toEqual([]);
    expect(rig.ends).toMatchObject([{ code: 'BODY_ABANDONED' }]);
    expect(rig.over).toEqual(['neutral']);
  });
});

describe('A reader', () => {
  it('that cannot keep up stops the endpoint that goes on, too, until it can', async () => {
    const rig = stalledAfter(STREAM.indexOf(FINISH));
    rig.reader.room = false;
    const next = await rig.goesOn(token('!'));
    expect(next.calls).toEqual(['pause']);
    rig.reader.room = true;
    rig.body.resume();
    expect(next.calls).toEqual(['pause', 'resume']);
  });

  it('that asks for more while a continuation is sought gets nothing of what broke', () => {
    const rig = resumable();
    rig.first.tap.commit();
    rig.pipe();
    rig.first.feed(ROLE + token('One') + ERROR_EVENT);
    rig.body.resume();
    expect(rig.first.calls).toEqual(['pause']);
    expect(rig.text).toBe(ROLE + token('One'));
  });

  it('that leaves while a continuation is sought stops the search; one that comes late is cancelled', async () => {
    const rig = stalledAfter(STREAM.indexOf(FINISH));
    rig.body.cancel();
    expect(rig.stops).toEqual(['stop']);
    const next = await rig.goesOn();
    expect(next.settled).toEqual([{ kind: 'neutral', reason: 'caller-left' }]);
    expect(rig.over).toEqual(['neutral']);
    expect(rig.ends).toEqual([]);
  });

  it('that leaves before it has asked for anything ends the attempt', () => {
    const rig = resumable();
    rig.body.cancel('abandoned');
    expect(rig.first.settled).toEqual([{ kind: 'neutral', reason: 'abandoned' }]);
    expect(rig.over).toEqual(['neutral']);
  });

  it('hears of a break that came before it asked', async () => {
    const rig = resumable();
    rig.first.feed(ROLE + token('One'));
    rig.first.tap.commit();
    rig.first.tap.onError(new Error('reset'));
    rig.pipe();
    const next = await rig.goesOn(token(' two'), FINISH, DONE);
    next.tap.onEnd();
    expect(readChatStream(rig.text)).toMatchObject(seamless('One two'));
    expect(rig.over).toEqual(['success']);
  });
});

describe('What cannot be continued', () => {
  it.each([
    ['a tool call', 'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n'],
    ['an event of more than 1 MiB', `data: {"choices":[{"delta":{"content":"${'x'.repeat(1024 * 1024)}`],
  ])('%s passes as it comes, and so does all after it', (_name, event) => {
    const rig = resumable();
    rig.first.tap.commit();
    rig.pipe();
    const sent = [ROLE, token('One'), event, 'data: {"ha', 'lf'];
    for (const piece of sent) rig.first.feed(piece);
    expect(rig.text).toBe(sent.join(''));
    rig.first.tap.onError(new Error('reset'));
    expect(rig.asked).toEqual([]);
    expect(rig.ends).toMatchObject([{ message: expect.any(String) }]);
  });

  it('is a continuation that is something else than text: it is a fault, and nobody sees of it', async () => {
    const rig = stalledAfter(STREAM.indexOf(FINISH), { seams: 1 });
    const before = rig.text;
    const next = await rig.goesOn('data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}\n\n');
    expect(rig.text).toBe(before);
    expect(rig.ends).toEqual([STALLED]);
    expect(next.settled).toMatchObject([{ kind: 'fault', reason: 'malformed' }]);
    expect(next.calls).toEqual(['abort']);
    expect(rig.over).toEqual(['fault']);
  });

  it('is an error after the finish reason: it passes as it comes', () => {
    const rig = resumable();
    rig.first.tap.commit();
    rig.pipe();
    rig.first.feed(ROLE + token('One') + FINISH + ERROR_EVENT);
    rig.first.tap.onEnd();
    expect(rig.text).toBe(ROLE + token('One') + FINISH + ERROR_EVENT);
    expect(rig.asked).toEqual([]);
    expect(rig.over).toEqual(['fault']);
  });
});
