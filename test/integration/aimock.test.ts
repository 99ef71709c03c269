import { LLMock } from '@copilotkit/aimock';
import { LoadBalancer } from 'evenkeel';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// A server that we did not write: what holds against our own mock must hold against it.
const TEXT = 'A foreign server says hello, in more than a few tokens.';

let mocks: LLMock[];
let balancer: LoadBalancer;
let client: OpenAI;

beforeEach(async () => {
  mocks = [0, 1].map(() => new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 5 }));
  for (const mock of mocks) {
    mock.onMessage('hello', { content: TEXT });
    await mock.start();
  }
  balancer = new LoadBalancer({
    endpoints: mocks.map(({ url }, index) => ({ id: `m${index}`, url })),
    policy: { name: 'first', select: ([candidate]) => candidate },
  });
  const { baseURL, fetch } = balancer;
  client = new OpenAI({ apiKey: 'x', baseURL, fetch, maxRetries: 0 });
});

afterEach(async () => {
  expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
  await balancer.close();
  for (const mock of mocks) await mock.stop();
});

const QUESTION = { model: 'm', messages: [{ role: 'user', content: 'hello' }] } as const;

async function read(): Promise<string> {
  const stream = await client.chat.completions.create({
    ...QUESTION,
    messages: [...QUESTION.messages],
    stream: true,
  });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

async function ask(): Promise<string | null | undefined> {
  const answer = await client.chat.completions.create({ ...QUESTION, messages: [...QUESTION.messages] });
  return answer.choices[0]?.message.content;
}

/** Faults of the first server, at every request. */
function chaos(rates: Parameters<LLMock['setChaos']>[0]): void {
  mocks[0]?.setChaos(rates);
}

const outcomes = (observed: string[]) =>
  balancer.observe((event) => {
    if (event.type === 'attempt-settled') {
      observed.push(event.outcome.kind === 'fault' ? event.outcome.reason : event.outcome.kind);
    }
  });

describe('aimock behind a balancer', () => {
  it('streams and answers', async () => {
    expect(await read()).toBe(TEXT);
    expect(await ask()).toBe(TEXT);
  });

  it.each([
    ['500 answers', { dropRate: 1 }, 'status'],
    ['429 answers', { rateLimitRate: 1 }, 'overloaded'],
  ] as const)('%s are asked of the other server, and no caller hears of them', async (_, rates, first) => {
    const seen: string[] = [];
    outcomes(seen);
    chaos(rates);
    expect(await read()).toBe(TEXT);
    expect(seen).toEqual([first, 'success']);
    expect(await ask()).toBe(TEXT);
  });

  it.each([
    ['a connection that is cut before any content', { disconnectRate: 1 }, 'reset'],
    ['malformed JSON', { malformedRate: 1 }, 'malformed'],
  ] as const)('%s is a fault, and repeated elsewhere', async (_, rates, fault) => {
    const seen: string[] = [];
    outcomes(seen);
    chaos(rates);
    expect(await read()).toBe(TEXT);
    expect(seen).toEqual([fault, 'success']);
    expect(await ask()).toBe(TEXT);
  });
});
