import { setTimeout as sleep } from 'node:timers/promises';
import { type RawAnswer, RawCall } from '../../support/raw-call.js';
import type { Front } from './contender.js';

/** How long a caller waits for the end of an answer, in ms: long enough for every attempt to run into its limit. */
export const PATIENCE = 10_000;

/**
 * What the caller has in hand at the end:
 * - a number: a status of 400 or more
 * - `whole`: the whole answer, properly ended
 * - `told`: the server's own error, broken event or finish reason `abort` in an answer of status 200
 * - `broken`: an error from its own HTTP client: the answer breaks off, or is not HTTP, or never began
 * - `taken for success`: a part of an answer, or none at all, as a 200 that ended properly
 * - `no end`: still waiting when its patience ended
 */
export type Seen = number | 'whole' | 'told' | 'broken' | 'taken for success' | 'no end';

/** Begins a chat request. */
export function ask(front: Front, stream: boolean): RawCall {
  const body = { model: 'mock-model', stream, messages: [{ role: 'user', content: 'Hello' }] };
  const headers = { 'content-type': 'application/json', ...front.headers };
  return new RawCall(`${front.url}/v1/chat/completions`, body, headers);
}

/** Asks, and reads to the end or to the end of patience. */
export async function see(front: Front, stream: boolean, text: string): Promise<Seen> {
  const call = ask(front, stream);
  const enough = new AbortController();
  const waited = sleep(PATIENCE, undefined, { signal: enough.signal }).catch(() => undefined);
  const answer = await Promise.race([call.answer, waited]);
  enough.abort();
  call.leave();
  return answer === undefined ? 'no end' : judge(answer, stream, text);
}

/** @param text what the whole answer says */
export function judge({ status, complete, text: body }: RawAnswer, stream: boolean, text: string): Seen {
  if (status === undefined || !complete) return 'broken';
  if (status >= 400) return status;
  return stream ? judgeStream(body, text) : judgeJson(body, text);
}

function judgeJson(body: string, text: string): Seen {
  const answer = parsed(body);
  if (answer?.error !== undefined || isGivenUp(answer)) return 'told';
  return contentOf(answer, 'message') === text ? 'whole' : 'taken for success';
}

function judgeStream(body: string, text: string): Seen {
  const data = [...body.matchAll(/^data: (.*)$/gm)].map(([, one = '']) => one);
  const events = data.filter((one) => one !== '[DONE]').map(parsed);
  if (events.some((event) => event === undefined || event.error !== undefined || isGivenUp(event)))
    return 'told';
  const whole =
    data.at(-1) === '[DONE]' && events.map((event) => contentOf(event, 'delta')).join('') === text;
  return whole ? 'whole' : 'taken for success';
}

interface Choice {
  readonly message?: { readonly content?: string };
  readonly delta?: { readonly content?: string };
  readonly finish_reason?: string | null;
}

interface Answer {
  readonly error?: unknown;
  readonly choices?: readonly Choice[];
}

function isGivenUp(answer: Answer | undefined): boolean {
  return answer?.choices?.[0]?.finish_reason === 'abort';
}

function parsed(json: string): Answer | undefined {
  try {
    return (JSON.parse(json) as Answer | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function contentOf(answer: Answer | undefined, part: 'message' | 'delta'): string {
  return answer?.choices?.[0]?.[part]?.content ?? '';
}
