import { describe, expect, it } from 'vitest';
import type { TransportHandler } from '../../../src/core/transport.js';
import { resolveFleet } from '../../../src/simulation/fleet/fleet-spec.js';
import { REQUEST_HEADER, VirtualServer } from '../../../src/simulation/virtual/virtual-server.js';
import { VirtualClock } from '../../../src/simulation/virtual-clock.js';

const REQUESTS = [
  { at: 0, prompt: 100, output: 3, blocks: [] },
  { at: 0, prompt: 100, output: 3_000, blocks: [] },
  { at: 0, prompt: 500_000, output: 1, blocks: [] },
];

function rig() {
  const clock = new VirtualClock();
  const [spec] = resolveFleet([{ gpu: 'a100', id: 'a' }], 512);
  if (spec === undefined) throw new Error('no replica');
  const server = new VirtualServer('http://a', spec.model, {
    clock,
    requests: REQUESTS,
    network: 1,
    eventTokens: 1,
  });
  const channel = server.open();
  const ask = (method: string, path: string, request?: number) => {
    const heard = { status: 0, body: '', ending: '' };
    const handler: TransportHandler = {
      onSent: () => {},
      onHeaders: (status) => {
        heard.status = status;
      },
      onData: (chunk) => {
        heard.body += Buffer.from(chunk).toString();
      },
      onEnd: () => {
        heard.ending = 'end';
      },
      onError: (error) => {
        heard.ending = String(Reflect.get(error, 'code'));
      },
    };
    const headers = { [REQUEST_HEADER]: String(request) };
    const call = channel.send({ method, path, headers, body: undefined }, handler);
    return { heard, call };
  };
  const runTo = (time: number) => {
    clock.setTimer(() => {}, time - clock.now());
    return clock.run(() => clock.now() >= time);
  };
  return { clock, server, channel, ask, runTo };
}

const chat = ['POST', '/v1/chat/completions'] as const;

describe('a virtual server', () => {
  it('refuses connections while it is down and while its model loads, and answers then', async () => {
    const { server, ask, runTo } = rig();
    const down = ask('GET', '/health');
    server.start(1_000);
    const loading = ask('GET', '/health');
    await runTo(1_500);
    const up = ask('GET', '/health');
    await runTo(2_000);
    expect([down, loading, up].map(({ heard }) => heard.ending)).toEqual([
      'ECONNREFUSED',
      'ECONNREFUSED',
      'end',
    ]);
    expect(up.heard.status).toBe(200);
    expect(server.uptime).toBe(1_000);
  });

  it("tells its load under vLLM's names", async () => {
    const { server, ask, runTo } = rig();
    server.start(0);
    ask(...chat, 1);
    await runTo(100);
    const { heard } = ask('GET', '/metrics');
    await runTo(200);
    expect(heard.body).toMatch(/^vllm:num_requests_running\{.*\} 1$/m);
    expect(heard.body).toMatch(/^vllm:num_requests_waiting\{.*\} 0$/m);
    expect(heard.body).toMatch(/^vllm:kv_cache_usage_perc\{.*\} 0\.007/m);
    expect(heard.body).toMatch(/^vllm:prefix_cache_queries_total\{.*\} 100$/m);
  });

  it('streams an answer with an event for every token and the terminator', async () => {
    const { server, ask, runTo } = rig();
    server.start(0);
    const { heard } = ask(...chat, 0);
    await runTo(1_000);
    expect(heard.body.match(/data:\{/g)).toHaveLength(3);
    expect(heard.body).toMatch(/data: \[DONE\]\n\n$/);
    expect([heard.status, heard.ending]).toEqual([200, 'end']);
  });

  it('shows a long answer that it lives', async () => {
    const { server, ask, runTo } = rig();
    server.start(0);
    const { heard } = ask(...chat, 1);
    await runTo(5_000);
    expect(heard.body.match(/data:/g)).toHaveLength(1);
    await runTo(15_000);
    expect(heard.body.match(/data:/g)?.length).toBeGreaterThan(500);
    expect(heard.ending).toBe('');
  });

  it('answers 400 to what it can never hold, and to what it does not know', async () => {
    const { server, ask, runTo } = rig();
    server.start(0);
    const asked = [ask(...chat, 2), ask(...chat, 99), ask(...chat)];
    await runTo(100);
    expect(asked.map(({ heard }) => heard.status)).toEqual([400, 400, 400]);
  });

  it('resets what is under way when it is killed, and nothing reaches a caller who has left', async () => {
    const { server, ask, runTo } = rig();
    server.start(0);
    const [streaming, left] = [ask(...chat, 1), ask(...chat, 1)];
    await runTo(500);
    left.call.abort();
    const before = left.heard.body;
    await runTo(1_000);
    expect(server.replica.running).toBe(1);
    const unsent = ask(...chat, 1);
    server.kill();
    await runTo(20_000);
    expect([streaming.heard.ending, unsent.heard.ending, left.heard.ending]).toEqual([
      'ECONNRESET',
      'ECONNRESET',
      '',
    ]);
    expect(left.heard.body).toBe(before);
    expect([server.replica.running, server.uptime]).toEqual([0, 1_000]);
  });

  it('fails what one client has under way when that client closes its connections, and nobody else', async () => {
    const { server, channel, ask, runTo } = rig();
    server.start(0);
    const { heard } = ask(...chat, 1);
    await runTo(500);
    await channel.destroy();
    expect(heard.ending).toBe('UND_ERR_DESTROYED');
  });
});
