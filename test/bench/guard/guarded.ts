import { measureClients } from '../harness/clients.js';
import { type Check, examine, type Rounds } from '../harness/comparison.js';
import { QUESTION, STREAM_QUESTION } from '../harness/payload.js';
import { BARE, EXPRESS, FASTIFY } from '../harness/proxies.js';
import { measureProxies } from '../harness/proxy-turns.js';
import type { Bench } from '../harness/section.js';
import { jsonServer, sseServer } from '../harness/servers.js';
import { BARE_PICK, DISPATCHER } from '../sections/dispatcher.js';
import { importSection } from '../sections/import.js';
import { pickSection } from '../sections/pick.js';
import { sizeSection } from '../sections/size.js';

/** Something that shall not grow. Ratios of processor time: those hold where the machine is shared. */
export interface Guarded {
  readonly name: string;
  readonly what: string;
  /** Median over rounds that `bench.options` asks for. */
  measure(bench: Bench): Promise<number>;
}

const FETCH = 'balancer.fetch';
const WRAPPED = 'Pool.request in a Response';

export const GUARDED: readonly Guarded[] = [
  clients('fetch', FETCH, WRAPPED),
  clients('dispatcher', DISPATCHER, BARE_PICK),
  proxies('express', EXPRESS, 'json'),
  proxies('fastify', FASTIFY, 'json'),
  proxies('sse', EXPRESS, 'sse'),
  {
    name: 'pick',
    what: 'time of a pick of 1,000 endpoints to one of 10',
    measure: async (bench) =>
      examined((await pickSection.run(bench)).rounds, {
        way: '1,000 endpoints',
        figure: 'pick',
        against: '10 endpoints',
      }),
  },
  {
    name: 'import',
    what: 'time to import it, to that of importing undici',
    measure: async (bench) =>
      examined((await importSection.run(bench)).rounds, {
        way: "import 'evenkeel'",
        figure: 'time',
        against: "import 'undici'",
      }),
  },
  {
    name: 'bundle',
    what: 'kB of a bundle with all packages',
    measure: async (bench) =>
      examined((await sizeSection.run(bench)).rounds, {
        way: 'bundle of `LoadBalancer`, all of it',
        figure: 'size',
      }),
  },
];

function clients(name: string, way: string, against: string): Guarded {
  return {
    name,
    what: `processor time of ${way} to ${against}`,
    async measure(bench) {
      using server = await jsonServer(bench);
      const { urls } = server.ready;
      const rounds = await measureClients(bench, { [way]: { way, urls }, [against]: { way: against, urls } });
      return examined(rounds, { way, figure: 'cpu', against });
    },
  };
}

function proxies(name: string, way: string, answers: 'json' | 'sse'): Guarded {
  return {
    name,
    what: `processor time of ${way} to ${BARE}, ${answers === 'json' ? 'JSON' : 'streams'}`,
    async measure(bench) {
      using server = await (answers === 'json' ? jsonServer(bench) : sseServer(bench, 'whole'));
      const body = answers === 'json' ? QUESTION : STREAM_QUESTION;
      const { requests = 0 } = bench.options;
      // An answer of 500 events is as much work as a good many of JSON.
      const options = answers === 'json' ? bench.options : { ...bench.options, requests: requests / 10 };
      const { rounds } = await measureProxies({ ...bench, options }, [way, BARE], {
        urls: server.ready.urls,
        body,
      });
      return examined(rounds, { way, figure: 'cpu', against: BARE });
    },
  };
}

function examined(rounds: Rounds, check: Check): number {
  return examine(rounds, check).median;
}
