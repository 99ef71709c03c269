import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { LoadBalancer } from 'evenkeel';
import { manualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import {
  beginStream,
  Call,
  CHAT,
  CHAT_STREAM,
  event,
  FacadeRig,
  fetchAll,
  idle,
  type Site,
} from '../support/facade-rig.js';

/** A server whose `/v1/…` goes through the balancer. */
export type OpenSite = (balancer: LoadBalancer) => Promise<Pick<Site, 'url'> & AsyncDisposable>;

/** What every server-side facade must do, over real sockets. */
export function describeFacade(name: string, open: OpenSite): void {
  describe(`${name}, as every facade`, () => {
    it('passes a JSON request and its answer on', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const answer = await fetchAll(`${site.url}/v1/chat/completions?x=1`, { body: CHAT });
      expect(answer).toMatchObject({ status: 200, text: '{"ok":true}', ended: true });
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json',
        'x-evenkeel-endpoint': 'a',
        'x-evenkeel-attempts': '1',
      });
      const [asked] = rig.asked;
      expect(asked).toMatchObject({ method: 'POST', url: '/v1/chat/completions?x=1' });
      expect(asked?.body.toString()).toBe(CHAT);
    });

    it('sends each event on before the next one comes', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM });
      const response = await upstream;
      beginStream(response);
      await call.until('one');
      response.write(event('two'));
      await call.until('two');
      response.end('data: [DONE]\n\n');
      await call.over;
      expect(call.text).toBe(`${event('one')}${event('two')}data: [DONE]\n\n`);
      expect(call.ended).toBe(true);
      const { headers } = await call.head;
      expect(headers['cache-control']).toContain('no-transform');
      expect(headers['x-accel-buffering']).toBe('no');
    });

    it('cancels the request at the endpoint when the client leaves in the middle of a stream', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM });
      const response = await upstream;
      beginStream(response);
      await call.until('one');
      const closed = once(response, 'close');
      call.leave();
      await closed;
      expect(response.writableFinished).toBe(false);
      await idle(rig.balancer);
    });

    it('cancels the request at the endpoint when the client leaves before the headers', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT });
      const response = await upstream;
      const closed = once(response, 'close');
      call.leave();
      await closed;
      await idle(rig.balancer);
    });

    it('takes a client that leaves out of the queue', async () => {
      await using rig = await FacadeRig.open({ maxOutstanding: 1 });
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const first = new Call(`${site.url}/v1/chat/completions`, { body: CHAT });
      const response = await upstream;
      const queued = nextEvent(rig.balancer, 'request-queued');
      const second = new Call(`${site.url}/v1/chat/completions`, { body: CHAT });
      await queued;
      const dequeued = nextEvent(rig.balancer, 'request-finished');
      second.leave();
      await dequeued;
      expect(rig.balancer.snapshot().queued).toBe(0);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      await first.over;
      expect(first.text).toBe('{}');
      expect(rig.asked).toHaveLength(1);
    });

    it('breaks a stream off when the endpoint does, after what had come', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM });
      const response = await upstream;
      beginStream(response);
      await call.until('one');
      response.destroy();
      await call.over;
      expect(call.text).toBe(event('one'));
      expect(call.ended).toBe(false);
      await idle(rig.balancer);
    });

    it('breaks a stream off that ends without its terminator', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/chat/completions`, { body: CHAT_STREAM });
      const response = await upstream;
      beginStream(response);
      await call.until('one');
      response.end();
      await call.over;
      expect(call.ended).toBe(false);
      await idle(rig.balancer);
    });

    it.each([
      ['HEAD', 200, 'content-length', '7'],
      ['DELETE', 204, 'x-a', '1'],
      ['GET', 304, 'etag', '"e"'],
    ])('passes %s with status %d on without a body', async (method, status, name, value) => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      rig.answer = (response) => response.writeHead(status, { [name]: value }).end();
      const answer = await fetchAll(`${site.url}/v1/models/m`, { method });
      expect(answer).toMatchObject({ status, text: '', ended: true });
      expect(answer.headers[name]).toBe(value);
      expect(answer.headers['transfer-encoding']).toBeUndefined();
      expect(rig.asked[0]?.method).toBe(method);
    });

    it('strips hop-by-hop headers and those that `connection` names, both ways', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      rig.answer = (response) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          connection: 'x-private',
          'x-private': 'endpoint',
          'proxy-authenticate': 'Basic',
          'x-public': 'yes',
        });
        response.end('{}');
      };
      const answer = await fetchAll(`${site.url}/v1/chat/completions`, {
        body: CHAT,
        headers: { connection: 'x-foo, keep-alive', 'x-foo': 'bar', te: 'trailers', 'x-kept': 'yes' },
      });
      const sent = rig.asked[0]?.headers;
      expect(sent).toMatchObject({ 'x-kept': 'yes' });
      expect(sent).not.toHaveProperty('x-foo');
      expect(sent).not.toHaveProperty('te');
      expect(answer.headers).toMatchObject({ 'x-public': 'yes' });
      expect(answer.headers).not.toHaveProperty('x-private');
      expect(answer.headers).not.toHaveProperty('proxy-authenticate');
    });

    it('sends every cookie on', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      rig.answer = (response) => response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('{}');
      const answer = await fetchAll(`${site.url}/v1/models`);
      expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    });

    it('survives header values that HTTP does not allow', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      rig.answer = (response) => {
        response.socket?.end(
          'HTTP/1.1 200 \u0416\r\nx-odd: caf\u00e9 \u0416\r\nx-good: 1\r\ncontent-length: 2\r\n\r\n{}',
        );
      };
      const answer = await fetchAll(`${site.url}/v1/models`);
      expect(answer).toMatchObject({ status: 200, text: '{}' });
      expect(answer.headers['x-good']).toBe('1');
    });

    it('passes a body of a megabyte on, with and without a length', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const body = JSON.stringify({ model: 'm', prompt: 'é'.repeat(2 ** 19) });
      await fetchAll(`${site.url}/v1/completions`, { body });
      await fetchAll(`${site.url}/v1/completions`, { body, headers: { 'transfer-encoding': 'chunked' } });
      expect(rig.asked.map((asked) => asked.body.toString() === body)).toEqual([true, true]);
    });

    it('passes a multipart form on byte for byte', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const body = Buffer.concat([
        Buffer.from('--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n'),
        Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256)),
        Buffer.from('\r\n--b--\r\n'),
      ]);
      const headers = { 'content-type': 'multipart/form-data; boundary=b' };
      const answer = await fetchAll(`${site.url}/v1/audio/transcriptions`, { body, headers });
      expect(answer.status).toBe(200);
      expect(rig.asked[0]?.body.equals(body)).toBe(true);
      expect(rig.asked[0]?.headers['content-type']).toBe(headers['content-type']);
    });

    it('answers 413 to a body over the limit, whether its length was told or not', async () => {
      await using rig = await FacadeRig.open({ maxBodyBytes: 1000 });
      await using site = await open(rig.balancer);
      const small = JSON.stringify({ prompt: 'a'.repeat(2000) });
      const large = JSON.stringify({ prompt: 'a'.repeat(200_000) });
      const chunked = { 'transfer-encoding': 'chunked' };
      for (const options of [{ body: small }, { body: large }, { body: large, headers: chunked }]) {
        const answer = await fetchAll(`${site.url}/v1/completions`, options);
        expect(answer.status).toBe(413);
        expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'body_too_large' } });
      }
      expect(rig.asked).toEqual([]);
    });

    it.each([
      ['whose length is told', 'content-length: 100\r\n\r\n{'],
      ['that comes in chunks', 'transfer-encoding: chunked\r\n\r\n1\r\n{\r\n'],
    ])('counts the time that an upload takes in `timeouts.total`, one %s', async (_, rest) => {
      const clock = manualClock();
      await using rig = await FacadeRig.open({ clock, timeouts: { total: 1000 } });
      await using site = await open(rig.balancer);
      const socket = connect(Number(new URL(site.url).port), '127.0.0.1').setEncoding('latin1');
      const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
      socket.write(head + rest);
      while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1000);
      const [answer] = await once(socket, 'data');
      expect(answer).toMatch(/^HTTP\/1.1 504 /);
      socket.destroy();
      expect(rig.asked).toEqual([]);
      expect(clock.pending).toBe(0);
    });

    it('passes an error answer on as it came', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      rig.answer = (response) => response.writeHead(422, 'No Way', { 'x-why': 'because' }).end('{"no":1}');
      const answer = await fetchAll(`${site.url}/v1/chat/completions`, { body: CHAT });
      expect(answer).toMatchObject({ status: 422, text: '{"no":1}' });
      expect(answer.headers['x-why']).toBe('because');
    });

    it('reads no more from the endpoint than the client takes, and loses nothing', async () => {
      await using rig = await FacadeRig.open();
      await using site = await open(rig.balancer);
      const upstream = rig.nextResponse();
      const call = new Call(`${site.url}/v1/files/f/content`);
      const response = await upstream;
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      const megabyte = Buffer.alloc(2 ** 20, 'x');
      response.write(megabyte);
      const head = await call.head;
      head.pause();
      // Until everything between is full, which unlimited buffers never would be.
      let megabytes = 1;
      while (await accepts(response, megabyte)) expect(++megabytes).toBeLessThan(200);
      head.resume();
      response.end();
      await call.over;
      expect(call.ended).toBe(true);
      expect(call.text.length).toBe((megabytes + 1) * 2 ** 20);
    });
  });
}

/** Writes a chunk; false when it is not taken within so many turns of the event loop. */
function accepts(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    let turns = 2000;
    const look = () => {
      if (response.writableLength === 0) resolve(true);
      else if (--turns === 0) resolve(false);
      else setImmediate(look);
    };
    response.write(chunk, look);
    look();
  });
}

function nextEvent(balancer: LoadBalancer, type: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = balancer.observe((happening) => {
      if (happening.type !== type) return;
      stop();
      resolve();
    });
  });
}
