import { describe, expect, it } from 'vitest';
import { LoadBalancer } from '../../src/index.js';
import { CHAT, chat } from '../support/fleet.js';
import { httpServer } from '../support/scripted-server.js';

// A stream as vLLM sends it, with characters of one to four bytes, a comment, CRLF line ends and an odd field.
const RECORDED = Buffer.from(
  [
    ': ping\n\n',
    event({ role: 'assistant', content: '' }),
    event({ content: 'Grüße ' }),
    event({ content: '日本' }).replaceAll('\n', '\r\n'),
    event({ content: '👩‍🚀🛰' }),
    'id: 7\nretry: 10\n',
    event({ content: ' \u{1F680} end' }),
    'data: [DONE]\n\n',
  ].join(''),
);
const TEXT = 'Grüße 日本👩‍🚀🛰 \u{1F680} end';

function event(delta: object): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta }] })}\n\n`;
}

/** Answers each chat request with the recorded stream, cut at the offset that the request names. */
function cutServer() {
  return httpServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const { searchParams } = new URL(request.url ?? '', 'http://any');
    const sizes = (searchParams.get('sizes') ?? '').split(',').map(Number);
    let at = 0;
    const next = () => {
      const size = sizes.shift();
      if (size === undefined) return response.end(RECORDED.subarray(at));
      response.write(RECORDED.subarray(at, at + size));
      at += size;
      // A turn of the event loop keeps the writes apart on the wire.
      setImmediate(next);
    };
    response.socket?.setNoDelay(true);
    request.resume().on('end', next);
  });
}

/** What arrived, as bytes and as the text that a streaming decoder makes of the chunks. */
async function read(response: Response): Promise<{ bytes: Buffer; text: string }> {
  const chunks: Uint8Array[] = [];
  const decoder = new TextDecoder();
  let decoded = '';
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    decoded += decoder.decode(chunk, { stream: true });
  }
  const text = [...decoded.matchAll(/^data: ({.*})/gm)]
    .map(([, data = '']) => JSON.parse(data).choices[0].delta.content)
    .join('');
  return { bytes: Buffer.concat(chunks), text };
}

describe('A stream through a balancer', () => {
  it('arrives byte for byte, wherever it is cut in two', async () => {
    await using server = await cutServer();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const offsets = Array.from({ length: RECORDED.length + 1 }, (_, offset) => offset);
    const worker = async () => {
      for (let offset = offsets.pop(); offset !== undefined; offset = offsets.pop()) {
        const { bytes, text } = await read(await balancer.fetch(`${CHAT}?sizes=${offset}`, chat(true)));
        expect(bytes.equals(RECORDED), `cut at ${offset}`).toBe(true);
        expect(text, `cut at ${offset}`).toBe(TEXT);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
    // Not one of them was mistaken for a fault.
    expect(balancer.endpoints[0]?.state).toBe('healthy');
  });

  it('arrives byte for byte in writes of one byte each', async () => {
    await using server = await cutServer();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const ones = new Array(RECORDED.length).fill(1).join(',');
    const { bytes, text } = await read(await balancer.fetch(`${CHAT}?sizes=${ones}`, chat(true)));
    expect(bytes.equals(RECORDED)).toBe(true);
    expect(text).toBe(TEXT);
  });

  it('arrives byte for byte when it is bytes that are no text at all', async () => {
    const noise = Buffer.from(
      Array.from({ length: 70_000 }, (_, index) => (index * 167 + (index >> 8)) & 0xff),
    );
    await using server = await httpServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write(noise.subarray(0, 1_000));
      response.end(noise.subarray(1_000));
    });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const response = await balancer.fetch('/v1/audio/speech', { method: 'POST', body: '{"model":"tts"}' });
    expect(Buffer.from(await response.arrayBuffer()).equals(noise)).toBe(true);
  });

  it('reaches its reader before the server has sent the rest', async () => {
    let finish = () => {};
    await using server = await httpServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event({ content: 'first' }));
      finish = () => response.end('data: [DONE]\n\n');
    });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const response = await balancer.fetch(CHAT, chat(true));
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe(event({ content: 'first' }));
    // Only now: had anything been held back for more, the test would not have come here.
    finish();
    const rest = await reader?.read();
    expect(Buffer.from(rest?.value ?? []).toString()).toBe('data: [DONE]\n\n');
  });

  it('stops at the server when its reader stops reading, and goes on with it', async () => {
    const chunk = Buffer.from(event({ content: 'x'.repeat(16 * 1024 - 200) }));
    const total = 64 * 1024 * 1024;
    let written = 0;
    let full = () => {};
    const stuck = new Promise<void>((resolve) => {
      full = resolve;
    });
    await using server = await httpServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = () => {
        while (written < total) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            const before = written;
            // No drain for a hundred turns of the event loop: the socket is full, and nobody empties it.
            return turns(100).then(() => written === before && full());
          }
        }
        response.end('data: [DONE]\n\n');
      };
      more();
    });
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url }] });
    const response = await balancer.fetch(CHAT, chat(true));
    await stuck;
    expect(written).toBeLessThan(total);
    let received = 0;
    for await (const bytes of response.body ?? []) received += bytes.byteLength;
    expect(received).toBe(written + 'data: [DONE]\n\n'.length);
  });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
