import { measureClients } from '../harness/clients.js';
import { LOAD_CORE } from '../harness/pin.js';
import { NGINX } from '../harness/proxies.js';
import { startProxyProgram } from '../harness/proxy-programs.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const OURS = 'balancer.fetch';
const OURS_CLIENT = 'OpenAI client with balancer.fetch';
const THEIRS = 'global fetch through nginx';
const THEIRS_CLIENT = 'OpenAI client through nginx';

/** The same application, balanced inside or by a proxy beside it. */
export const appSection: Section = {
  name: 'app',
  async run(bench) {
    using server = await jsonServer(bench);
    const { urls } = server.ready;
    // nginx has the servers' core, as it would have another machine: what it costs is not the application's.
    const nginx = await startProxyProgram(NGINX, urls, LOAD_CORE).catch(() => undefined);
    try {
      return {
        title: 'An application that balances inside, or through nginx',
        note: 'The usual client, to nginx with `least_conn` over the same three endpoints, on the core of the servers. CPU is that of the application alone.',
        columns: [RATE, CPU, P50, P99],
        rounds: await measureClients(bench, {
          [OURS]: { way: OURS, urls },
          [OURS_CLIENT]: { way: OURS_CLIENT, urls },
          ...(nginx !== undefined && {
            [THEIRS]: { way: 'global fetch', urls: [nginx.url] },
            [THEIRS_CLIENT]: { way: 'OpenAI client', urls: [nginx.url] },
          }),
        }),
        skipped: nginx === undefined ? ['nginx (it did not start; is it installed?)'] : [],
        checks: [[OURS, THEIRS] as const, [OURS_CLIENT, THEIRS_CLIENT] as const]
          .filter(() => nginx !== undefined)
          .flatMap(([way, against]) => [
            { way, figure: 'rate', against, atLeast: 2.5 },
            { way, figure: 'p99', against, atMost: 1 },
          ]),
      };
    } finally {
      await nginx?.stop();
    }
  },
};
