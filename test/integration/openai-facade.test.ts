import Anthropic from '@anthropic-ai/sdk';
import { LoadBalancer } from 'evenkeel';
import { withBalancer } from 'evenkeel/openai';
import { MockLlmServer } from 'evenkeel/testing';
import OpenAI from 'openai';
import OpenAI7 from 'openai7';
import { describe, expect, it } from 'vitest';

const messages = [{ role: 'user' as const, content: 'Hi' }];

describe.each([
  ['openai 6', (baseURL?: string) => new OpenAI({ apiKey: 'k', baseURL }) as unknown as OpenAI7],
  ['openai 7', (baseURL?: string) => new OpenAI7({ apiKey: 'k', baseURL })],
])('withBalancer with %s', (_name, make) => {
  it('sends what the client asks through the balancer, as the same type of client', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const plain = make();
    const client = withBalancer(plain, balancer);
    expect(client).toBeInstanceOf(plain.constructor);
    const answer = await client.chat.completions.create({ model: 'mock-model', messages });
    expect(answer.choices[0]?.message.content).toBe(server.completionText());
    let text = '';
    for await (const chunk of await client.chat.completions.create({
      model: 'mock-model',
      messages,
      stream: true,
    })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe(server.completionText());
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions']);
    expect(balancer.snapshot().outstanding).toBe(0);
  });

  it('leaves retries to the balancer', async () => {
    await using server = await MockLlmServer.start();
    server.fault = { kind: 'status', status: 500 };
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }], retry: false });
    const client = withBalancer(make(), balancer);
    await expect(client.models.list()).resolves.toBeDefined();
    await expect(client.chat.completions.create({ model: 'mock-model', messages })).rejects.toMatchObject({
      status: 500,
    });
    expect(server.stats.byPath['/v1/chat/completions']).toBe(1);
  });

  it("keeps the path of the client's own base URL", async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const client = withBalancer(make('https://gateway.example/openai/v1/'), balancer);
    expect(client.baseURL).toBe('http://evenkeel.invalid/openai/v1');
    await client.models.list().catch(() => {});
    expect(server.requests.map(({ path }) => path)).toEqual(['/openai/v1/models']);
  });

  it('leaves the client it was given alone', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9' }] });
    const plain = make();
    withBalancer(plain, balancer);
    expect(plain.baseURL).toBe('https://api.openai.com/v1');
    expect(plain.maxRetries).toBe(2);
  });
});

describe('withBalancer with @anthropic-ai/sdk', () => {
  it('sends what the client asks through the balancer', async () => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const client = withBalancer(new Anthropic({ apiKey: 'k' }), balancer);
    const answer = await client.messages.create({ model: 'mock-model', max_tokens: 16, messages });
    expect(answer.content).toMatchObject([{ type: 'text', text: server.completionText() }]);
    expect(client.maxRetries).toBe(0);
  });
});
