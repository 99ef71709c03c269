import { measureClients } from '../harness/clients.js';
import { question } from '../harness/payload.js';
import { BARE, EXPRESS, FASTIFY, HTTP_PROXY, NGINX } from '../harness/proxies.js';
import { measureProxies } from '../harness/proxy-turns.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const BYTES = 1_000_000;
/** Requests at a time. */
const CONCURRENCY = 16;
const OURS = 'balancer.fetch';
const WRAPPED = 'Pool.request in a Response';

/** Prompts of a megabyte: what reading them costs. */
export const promptsSection: Section = {
  name: 'prompts',
  async run(bench) {
    using server = await jsonServer(bench);
    const { urls } = server.ready;
    const { rounds: proxies, skipped } = await measureProxies(
      bench,
      [BARE, EXPRESS, FASTIFY, HTTP_PROXY, NGINX],
      { urls, body: question(BYTES), connections: CONCURRENCY },
    );
    const task = { urls, concurrency: CONCURRENCY, bytes: BYTES };
    const clients = await measureClients(bench, {
      [OURS]: { way: OURS, ...task },
      [WRAPPED]: { way: WRAPPED, ...task },
    });
    return {
      title: 'Prompts of 1 MB',
      note: `${CONCURRENCY} at a time, answers of 580 bytes.`,
      columns: [RATE, CPU, P50, P99],
      rounds: proxies.map((round, index) => ({ ...round, ...clients[index] })),
      skipped,
      checks: [
        ...[EXPRESS, FASTIFY].flatMap((way) => [
          { way, figure: 'rate', against: BARE },
          { way, figure: 'cpu', against: BARE },
        ]),
        { way: OURS, figure: 'rate', against: WRAPPED },
        { way: OURS, figure: 'cpu', against: WRAPPED },
      ],
    };
  },
};
