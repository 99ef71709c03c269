import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebhookOptions, webhook } from '../../../src/autoscaling/index.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { systemClock } from '../../../src/system.js';

const SECRET = `whsec_${Buffer.from('a key of a receiver, and of nobody else').toString('base64')}`;
const never = new AbortController().signal;

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Waits that are over at once, noted. */
function impatientClock() {
  const waits: number[] = [];
  const clock = {
    ...systemClock,
    setTimer: (callback: () => void, delay: number) => {
      waits.push(delay);
      return systemClock.setTimer(callback, 0);
    },
  };
  return { clock, waits };
}

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A receiver that answers with these statuses in turn, the last one from then on; 0 breaks the connection off. */
async function receiver(...statuses: readonly number[]) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    calls.push({ headers: request.headers, body });
    const status = statuses[Math.min(calls.length, statuses.length) - 1] ?? 200;
    if (status === 0) request.socket.destroy();
    else if (status > 0) response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/scale` };
}

function actuator(url: string, options: Partial<WebhookOptions> = {}) {
  return webhook({ url, secret: SECRET, ...options });
}

describe('webhook', () => {
  it('posts the replicas, signed so that a Standard Webhooks library accepts it, and no other body', async () => {
    const { calls, url } = await receiver(202);
    await actuator(url, { headers: { 'x-api-key': 'mine' } }).scale(4, never);
    const [{ headers, body } = { headers: {}, body: '' }] = calls;
    expect(JSON.parse(body)).toEqual({ type: 'replicas', replicas: 4 });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-api-key': 'mine' });
    // The OpenAI client checks its own webhooks by the same standard.
    const { webhooks } = new OpenAI({ apiKey: 'unused' });
    const given = headers as Record<string, string>;
    await expect(webhooks.verifySignature(body, given, SECRET)).resolves.toBeUndefined();
    await expect(webhooks.verifySignature(body.replace('4', '9'), given, SECRET)).rejects.toThrow();
  });

  it.each([0, 408, 425, 429, 500, 503])(
    'calls again after %i, with the same id, and waits longer each time',
    async (status) => {
      const { calls, url } = await receiver(status, status, 200);
      const { clock, waits } = impatientClock();
      await actuator(url, { clock, random: () => 0, backoff: 100 }).scale(4, never);
      expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      expect([calls.length, waits]).toEqual([3, [100, 200]]);
    },
  );

  it('takes any other 4xx, and a redirect, for the last word', async () => {
    for (const status of [301, 400, 401, 404]) {
      const { calls, url } = await receiver(status);
      await expect(actuator(url).scale(4, never)).rejects.toMatchObject({ code: 'WEBHOOK_FAILED', status });
      expect(calls).toHaveLength(1);
    }
  });

  it('gives up after its attempts, and keeps the id for the same decision until it is taken', async () => {
    const { calls, url } = await receiver(500, 500, 500, 200);
    const { clock } = impatientClock();
    const hook = actuator(url, { clock, attempts: 2 });
    await expect(hook.scale(4, never)).rejects.toMatchObject({
      message: 'The webhook answered 500',
      status: 500,
    });
    await hook.scale(4, never);
    await hook.scale(5, never);
    await hook.scale(4, never);
    const ids = calls.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(0, 4)).toEqual([ids[0], ids[0], ids[0], ids[0]]);
    expect(new Set(ids).size).toBe(3);
  });

  it('does not wait for an answer that does not come', async () => {
    const { url } = await receiver(-1);
    await expect(actuator(url, { timeout: 50, attempts: 1 }).scale(4, never)).rejects.toThrow(
      /had no answer/,
    );
  });

  it('stops when it is told to, in a call and between two', async () => {
    const silent = await receiver(-1);
    const controller = new AbortController();
    const calling = actuator(silent.url).scale(4, controller.signal);
    controller.abort(new Error('enough'));
    await expect(calling).rejects.toThrow('enough');
    const failing = await receiver(500);
    const between = new AbortController();
    const clock = {
      ...systemClock,
      setTimer: () => {
        between.abort(new Error('enough'));
        return { close: () => {} };
      },
    };
    await expect(actuator(failing.url, { clock }).scale(4, between.signal)).rejects.toThrow('enough');
    expect(failing.calls).toHaveLength(1);
  });

  it('cannot read', async () => {
    expect(await actuator('http://127.0.0.1:1').read(never)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['webhook.url', { url: '/scale' }],
    ['webhook.url', { url: 'ftp://127.0.0.1' }],
    ['webhook.secret', { secret: 'short' }],
    ['webhook.headers', { headers: { a: 1 } }],
    ['webhook.attempts', { attempts: 0 }],
    ['webhook.backoff', { backoff: -1 }],
    ['webhook.timeout', { timeout: 0 }],
    ['webhook.clock', { clock: {} }],
    ['webhook.random', { random: 4 }],
    ['webhook.nonsense', { nonsense: 1 }],
  ])('refuses a bad `%s`, and shows no secret', (option, options) => {
    const build = () => webhook({ url: 'http://127.0.0.1:1', secret: SECRET, ...options });
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
    expect(build).not.toThrow(/short/);
  });
});
