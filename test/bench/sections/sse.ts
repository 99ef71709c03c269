import type { Figures } from '../harness/comparison.js';
import { STREAM_QUESTION } from '../harness/payload.js';
import {
  BARE,
  EXPRESS,
  FASTIFY,
  HAPROXY,
  HTTP_PROXY,
  MIDDLEWARE,
  NGINX,
  REPLY_FROM,
  WEB,
} from '../harness/proxies.js';
import { measureProxies } from '../harness/proxy-turns.js';
import type { Section } from '../harness/section.js';
import { sseServer } from '../harness/servers.js';
import { EVENTS_AN_ANSWER } from '../harness/streams.js';

const KINDS = [BARE, EXPRESS, FASTIFY, WEB, HTTP_PROXY, REPLY_FROM, MIDDLEWARE, NGINX, HAPROXY];

/** Streams as fast as they go: what watching every event costs. */
export const sseSection: Section = {
  name: 'sse',
  async run(bench) {
    using server = await sseServer(bench, 'whole');
    const { rounds, skipped } = await measureProxies(bench, KINDS, {
      urls: server.ready.urls,
      body: STREAM_QUESTION,
      expected: { text: '"content":" token"', times: EVENTS_AN_ANSWER },
    });
    const inEvents = ({ rate = 0, cpu = 0, p50 = 0, p99 = 0 }: Figures): Figures => ({
      events: rate * EVENTS_AN_ANSWER,
      cpu: (cpu * 1000) / EVENTS_AN_ANSWER,
      p50,
      p99,
    });
    return {
      title: 'Streams at full rate',
      note: 'Answers of 500 events of 207 bytes, which the server has ready, to 64 connections.',
      columns: [
        { figure: 'events', title: 'events/s', digits: 0 },
        { figure: 'cpu', title: 'CPU ns an event', digits: 0 },
        { figure: 'p50', title: 'p50 ms of an answer', digits: 1 },
        { figure: 'p99', title: 'p99 ms', digits: 1 },
      ],
      rounds: rounds.map((round) =>
        Object.fromEntries(Object.entries(round).map(([kind, figures]) => [kind, inEvents(figures)])),
      ),
      skipped,
      checks: [
        { way: EXPRESS, figure: 'events', against: BARE, atLeast: 0.9 },
        { way: FASTIFY, figure: 'events', against: BARE, atLeast: 0.9 },
        { way: WEB, figure: 'events', against: BARE },
        { way: EXPRESS, figure: 'cpu', against: BARE },
        { way: FASTIFY, figure: 'cpu', against: BARE },
        ...[HTTP_PROXY, REPLY_FROM, MIDDLEWARE, NGINX, HAPROXY].map((against) => ({
          way: EXPRESS,
          figure: 'events',
          against,
        })),
      ].filter(({ against }) => rounds.every((round) => against in round)),
    };
  },
};
