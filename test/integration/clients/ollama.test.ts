import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import { describeClient } from '../../support/client-suite.js';
import { Fleet } from '../../support/fleet.js';

const request = { model: 'mock-model', messages: [{ role: 'user', content: 'Hello' }] };

describeClient({
  name: 'ollama',
  // It throws the body away: no reading to the end, no cancel, no abort (ollama-js issue 295).
  breakStops: false,
  takesSignal: false,
  connect(fetch, baseURL) {
    const client = new Ollama({ host: new URL(baseURL).origin, fetch });
    return {
      whole: async () => (await client.chat({ ...request, stream: false })).message.content,
      async *stream() {
        for await (const part of await client.chat({ ...request, stream: true })) yield part.message.content;
      },
    };
  },
  isBadRequest: (error) => statusOf(error) === 400,
  isBadGateway: (error) => statusOf(error) === 502,
});

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status_code' in error ? error.status_code : undefined;
}

describe('ollama with a consumer that stops reading', () => {
  it('frees the endpoint when the answer fits into what is read ahead', async () => {
    await using fleet = await Fleet.start();
    const client = new Ollama({ host: 'http://evenkeel.invalid', fetch: fleet.balancer.fetch });
    for await (const part of await client.chat({ ...request, stream: true })) if (part.message.content) break;
    await fleet.settled();
    expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([{ kind: 'success' }]);
  });

  it('frees the endpoint of an endless answer when timeouts.unread has passed', async () => {
    await using fleet = await Fleet.start({
      servers: [{ tokens: Number.POSITIVE_INFINITY }],
      timeouts: { unread: 20 },
    });
    const client = new Ollama({ host: 'http://evenkeel.invalid', fetch: fleet.balancer.fetch });
    for await (const part of await client.chat({ ...request, stream: true })) if (part.message.content) break;
    await fleet.server(0).waitFor(({ aborted }) => aborted === 1);
    await fleet.settled();
    expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([
      { kind: 'neutral', reason: 'abandoned' },
    ]);
  });

  it('stops the server through its own abort()', async () => {
    await using fleet = await Fleet.start();
    for (const server of fleet.servers) server.fault = { kind: 'stall', after: 3 };
    const client = new Ollama({ host: 'http://evenkeel.invalid', fetch: fleet.balancer.fetch });
    const reading = (async () => {
      for await (const part of await client.chat({ ...request, stream: true }))
        if (part.message.content) client.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    await Promise.any(fleet.servers.map((server) => server.waitFor(({ aborted }) => aborted === 1)));
    await fleet.settled();
  });
});
