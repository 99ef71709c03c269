import { LoadBalancer } from 'evenkeel';
import { expressBalancer } from 'evenkeel/express';
import { manualClock } from 'evenkeel/testing';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { CHAT as BODY, CHAT_STREAM, FacadeRig, fetchAll, json, Site } from '../support/facade-rig.js';
import { CHAT, chat, Fleet } from '../support/fleet.js';
import { SERVED_FACADES } from '../support/served-facades.js';

const STREAMED = /^queue;dur=0, connect;dur=[\d.]+, first-token;dur=[\d.]+$/;
const WHOLE = /^queue;dur=0, connect;dur=[\d.]+, response;dur=[\d.]+$/;

describe('server-timing', () => {
  it('is not sent unless it is asked for', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    const response = await fleet.balancer.fetch(CHAT, chat(false));
    await response.text();
    expect(response.headers.has('server-timing')).toBe(false);
  });

  it('tells of a stream what it waited for until its first token, and of another answer until its headers', async () => {
    await using fleet = await Fleet.start({ servers: [{}], serverTiming: true });
    const stream = await fleet.balancer.fetch(CHAT, chat(true));
    await stream.text();
    expect(stream.headers.get('server-timing')).toMatch(STREAMED);
    const whole = await fleet.balancer.fetch(CHAT, chat(false));
    await whole.text();
    expect(whole.headers.get('server-timing')).toMatch(WHOLE);
  });

  it('can be asked for, and be done without, by one request', async () => {
    await using fleet = await Fleet.start({ servers: [{}], serverTiming: true });
    const quiet = await fleet.balancer.fetch(CHAT, { ...chat(false), evenkeel: { serverTiming: false } });
    await quiet.text();
    expect(quiet.headers.has('server-timing')).toBe(false);
    await using other = await Fleet.start({ servers: [{}] });
    const asking = await other.balancer.fetch(CHAT, { ...chat(false), evenkeel: { serverTiming: true } });
    await asking.text();
    expect(asking.headers.get('server-timing')).toMatch(WHOLE);
  });

  it('counts the wait for admission, and the attempts before the one that answers', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({
      clock,
      endpoint: (index) => ({ tier: index, maxOutstanding: 1 }),
      retry: { backoff: { base: 0, cap: 0 } },
      serverTiming: true,
    });
    fleet.server(0).fault = { kind: 'hang' };
    fleet.server(1).fault = { kind: 'hang' };
    const leave = new AbortController();
    const held = [1, 2].map(() => fleet.balancer.fetch(CHAT, { ...chat(true), signal: leave.signal }));
    await fleet.until(() => fleet.served === 2);
    const waiting = fleet.balancer.fetch(CHAT, chat(true));
    await fleet.until(() => fleet.of('request-queued').length === 1);
    clock.advance(40);
    fleet.server(0).faultWith(() => {
      clock.advance(7);
      return { kind: 'status', status: 500 };
    });
    fleet.server(1).fault = undefined;
    leave.abort();
    await Promise.allSettled(held);
    const response = await waiting;
    await response.text();
    expect(response.headers.get('server-timing')).toBe(
      'queue;dur=40, retry;dur=7, connect;dur=0, first-token;dur=0',
    );
    expect(response.headers.get('x-evenkeel-attempts')).toBe('2');
  });

  it("is in the balancer's own answers as well", async () => {
    await using fleet = await Fleet.start({
      servers: [{}],
      endpoint: () => ({ weight: 0 }),
      serverTiming: true,
    });
    const response = await fleet.balancer.fetch(CHAT, chat(false));
    expect(response.status).toBe(503);
    expect(response.headers.get('server-timing')).toMatch(/^queue;dur=[\d.]+$/);
    await using dead = new LoadBalancer({
      endpoints: [{ url: 'http://127.0.0.1:9' }],
      retry: false,
      serverTiming: true,
    });
    const failed = await dead.fetch(CHAT, chat(false));
    expect(failed.headers.get('server-timing')).toMatch(/^queue;dur=[\d.]+, retry;dur=[\d.]+$/);
  });

  it('stands behind what the endpoint and the middleware before it say', async () => {
    await using rig = await FacadeRig.open({ serverTiming: true });
    rig.answer = (response) => {
      response.setHeader('server-timing', 'gpu;dur=3');
      json(response, {});
    };
    const app = express()
      .use((_request, response, next) => {
        response.setHeader('server-timing', 'session;dur=2');
        next();
      })
      .use('/v1', expressBalancer(rig.balancer));
    await using site = await Site.open(app);
    const { rawHeaders } = await fetchAll(`${site.url}/v1/chat/completions`, { body: BODY });
    const values = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'server-timing');
    expect(values.join(', ')).toMatch(/^session;dur=2, gpu;dur=3, queue;dur=0, connect/);
  });

  it.each(Object.entries(SERVED_FACADES))('is passed on by %s', async (_name, open) => {
    await using fleet = await Fleet.start({ servers: [{}], serverTiming: true });
    await using site = await open(fleet.balancer);
    const whole = await fetchAll(`${site.url}${CHAT}`, { body: BODY });
    expect(whole.headers['server-timing']).toMatch(WHOLE);
    const stream = await fetchAll(`${site.url}${CHAT}`, { body: CHAT_STREAM });
    expect(stream.headers['server-timing']).toMatch(STREAMED);
  });

  it.each([{ serverTiming: 'yes' }, { serverTiming: 1 }])('%j is refused by name', (options) => {
    const endpoints = [{ url: 'http://127.0.0.1:9' }];
    expect(() => new LoadBalancer({ endpoints, ...(options as object) })).toThrow(
      '`serverTiming` must be true or false',
    );
  });
});
