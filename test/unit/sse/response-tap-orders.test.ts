import { describe, expect, it } from 'vitest';
import { fc } from '../../support/property.js';
import {
  COMMENT,
  DONE,
  ERROR_EVENT,
  FINISH,
  JSON_TYPE,
  ROLE,
  SSE,
  tapRig,
  token,
} from '../../support/tap-rig.js';

type Rig = ReturnType<typeof tapRig>;

const CHUNKS = [
  token('a'),
  token('"quoted" ü 👍'),
  token('cut').slice(0, 25),
  ROLE,
  FINISH,
  COMMENT,
  DONE,
  ERROR_EVENT,
  'data: {"broken\n\n',
  '{"id":1}',
  '\n\n',
];

/**
 * What may happen to an attempt. The transport keeps its promises: nothing after an end, an error or an abort,
 * and headers before data.
 */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...CHUNKS).map((text) => ({ do: 'data', text }) as const) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 120 }).map((ms) => ({ do: 'advance', ms }) as const) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('sent', 'reused', 'headers', 'json', 'refused', 'end', 'error', 'pass', 'full', 'resume')
      .map((name) => ({ do: name }) as const),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('cancel', 'abandon', 'shutdown').map((name) => ({ do: name }) as const),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** What the transport handed over as body, whether it was passed on, and how much of it only the end may release. */
interface Played {
  readonly sent: string;
  readonly passed: boolean;
  readonly forTheEnd: string;
}

function play(rig: Rig, steps: readonly Step[]): Played {
  let phase = 'connecting' as 'connecting' | 'sent' | 'answering';
  let sent = '';
  let forTheEnd = '';
  let json = false;
  let passed = false;
  let over = false;
  const deaf = () => over || rig.calls.includes('abort');
  const headers = (type: typeof SSE, status = 200) => {
    if (deaf() || phase !== 'sent') return;
    phase = 'answering';
    json = type === JSON_TYPE && status < 300;
    rig.tap.onHeaders(status, type, '');
  };
  for (const one of steps) {
    if (one.do === 'advance') rig.clock.advance(one.ms);
    else if (one.do === 'pass' && !passed && phase === 'answering') {
      passed = true;
      rig.pass();
    } else if (one.do === 'full') rig.room = false;
    else if (one.do === 'resume') {
      rig.room = true;
      rig.tap.resume();
    } else if (one.do === 'cancel') rig.tap.cancel();
    else if (one.do === 'abandon') rig.tap.cancel('abandoned');
    else if (one.do === 'shutdown') rig.tap.end({ kind: 'neutral', reason: 'shutdown' }, new Error('closed'));
    else if (deaf()) continue;
    else if (one.do === 'sent' || one.do === 'reused') {
      if (phase !== 'connecting') continue;
      phase = 'sent';
      rig.tap.onSent(one.do === 'reused');
    } else if (one.do === 'headers') headers(SSE);
    else if (one.do === 'json') headers(JSON_TYPE);
    else if (one.do === 'refused') headers(JSON_TYPE, 500);
    else if (one.do === 'error') {
      over = true;
      rig.tap.onError(new Error('reset'));
    } else if (phase !== 'answering') continue;
    else if (one.do === 'data') {
      sent += one.text;
      if (json) forTheEnd = one.text;
      rig.feed(one.text);
    } else if (one.do === 'end') {
      over = true;
      rig.tap.onEnd();
    }
  }
  return { sent, passed, forTheEnd };
}

describe('ResponseTap, whatever happens in whatever order', () => {
  it('settles once, closes once, ends the reader once, keeps the bytes, and leaves no timer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25, size: 'max' }),
        fc.boolean(),
        fc.constantFrom('cancel', 'error', 'time'),
        async (steps, streaming, last) => {
          const rig = tapRig({ streaming });
          rig.start();
          const { sent, passed, forTheEnd } = play(rig, [{ do: 'sent' }, ...steps]);
          const before = rig.settled.length;
          expect(before).toBeLessThanOrEqual(1);
          // The bytes so far: all of them, or all up to where the stream was given up.
          if (passed) expect(sent.startsWith(rig.text)).toBe(true);
          if (passed && rig.closes === 0) expect(rig.text + forTheEnd).toBe(sent);
          // Whatever state it was left in, one last event ends it.
          if (last === 'cancel') rig.tap.cancel();
          else if (last === 'error' && rig.closes === 0) rig.tap.onError(new Error('reset'));
          else rig.clock.advance(10_000);
          expect(rig.clock.pending).toBe(0);
          expect(rig.closes).toBe(1);
          expect(rig.settled.length).toBeLessThanOrEqual(1);
          if (before === 1) expect(rig.settled).toHaveLength(1);
          expect(rig.ends.length).toBeLessThanOrEqual(1);
          // A reader that hears of an end has the whole body.
          if (rig.ends[0] === 'end') expect(rig.text).toBe(sent);
          expect(rig.calls.filter((call) => call === 'abort').length).toBeLessThanOrEqual(1);
          expect(await rig.result()).toBeDefined();
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('settles every attempt that ends before an answer of status 400 or more', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15, size: 'max' }), async (steps) => {
        const rig = tapRig();
        rig.start();
        play(
          rig,
          steps.filter((one) => one.do !== 'refused'),
        );
        rig.tap.cancel();
        expect(rig.settled).toHaveLength(1);
      }),
      { numRuns: 700 },
    );
  });
});
