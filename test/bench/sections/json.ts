import { QUESTION } from '../harness/payload.js';
import {
  BARE,
  EXPRESS,
  EXPRESS_BARE,
  FASTIFY,
  HAPROXY,
  HTTP_PROXY,
  MIDDLEWARE,
  NGINX,
  PORTKEY,
  REPLY_FROM,
  WEB,
} from '../harness/proxies.js';
import { measureProxies } from '../harness/proxy-turns.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

/** What Express itself costs: it answers the same, and sends nothing on. */
const FLOOR = 'Express alone';
const KINDS = [
  BARE,
  EXPRESS_BARE,
  EXPRESS,
  FASTIFY,
  WEB,
  FLOOR,
  HTTP_PROXY,
  REPLY_FROM,
  MIDDLEWARE,
  PORTKEY,
  NGINX,
  HAPROXY,
];

/** Whole proxies, each a process of its own, loaded one after the other. */
export const jsonSection: Section = {
  name: 'json',
  async run(bench) {
    using server = await jsonServer(bench);
    const { rounds, skipped } = await measureProxies(bench, KINDS, {
      urls: server.ready.urls,
      body: QUESTION,
    });
    const facades = [EXPRESS, FASTIFY, WEB];
    const gated = [EXPRESS, FASTIFY];
    const rivals: readonly (readonly [string, number])[] = [
      [HTTP_PROXY, 2],
      [MIDDLEWARE, 2],
      [PORTKEY, 14],
    ];
    return {
      title: 'Proxies, JSON',
      note: 'Load over bare sockets. `node:http + dispatch` is the least that a Node proxy can be: body in memory, least outstanding of three pools, `Pool.dispatch`, and nothing else. `Express + dispatch` is the same as middleware, so the most that any can reach there; `Express alone` answers by itself.',
      columns: [RATE, CPU, P50, P99],
      rounds,
      skipped,
      checks: [
        ...facades.map((way) => ({
          way,
          figure: 'rate',
          against: BARE,
          ...(gated.includes(way) && { atLeast: 0.85 }),
        })),
        ...facades.map((way) => ({ way, figure: 'cpu', against: BARE })),
        ...gated.flatMap((way) =>
          rivals.map(([against, atLeast]) => ({ way, figure: 'rate', against, atLeast })),
        ),
        { way: EXPRESS, figure: 'rate', against: EXPRESS_BARE },
        { way: EXPRESS_BARE, figure: 'rate', against: BARE },
        { way: EXPRESS_BARE, figure: 'rate', against: HTTP_PROXY },
        ...[REPLY_FROM, NGINX, HAPROXY].map((against) => ({ way: EXPRESS, figure: 'rate', against })),
      ].filter(({ against }) => rounds.every((round) => against in round)),
    };
  },
};
