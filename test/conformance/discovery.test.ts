import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { iterated } from '../../src/balancer/options/iterated.js';
import type { EndpointConfig } from '../../src/core/endpoint.js';
import { dns } from '../../src/discovery/dns.js';
import { file } from '../../src/discovery/file.js';
import { http } from '../../src/discovery/http.js';
import { merged } from '../../src/discovery/merged.js';
import { staticEndpoints } from '../../src/discovery/static.js';
import { type DiscoveryRig, discoveryConformance } from '../../src/testing/discovery-conformance.js';
import { DnsServer } from '../support/dns-server.js';

const runner = { describe, it };
const onPort8000 = (hosts: readonly string[]) => hosts.map((host) => ({ url: `http://${host}:8000` }));

discoveryConformance('staticEndpoints', (hosts) => ({ source: staticEndpoints(onPort8000(hosts)) }), runner);

discoveryConformance(
  'an iterable of lists',
  (hosts) => {
    let current = hosts;
    const turned = new Set<() => void>();
    async function* lists(): AsyncGenerator<readonly EndpointConfig[]> {
      for (;;) {
        const told = current;
        yield onPort8000(told);
        while (current === told) await new Promise<void>((resolve) => turned.add(resolve));
      }
    }
    return {
      source: iterated({ [Symbol.asyncIterator]: lists }),
      publish(changed) {
        current = changed;
        for (const turn of turned) turn();
      },
    };
  },
  runner,
);

async function dnsRig(source: (server: DnsServer) => DiscoveryRig['source'], publish: Publish) {
  const server = await DnsServer.start();
  return {
    source: source(server),
    publish: (hosts: readonly string[]) => {
      server.failing = false;
      publish(server, hosts);
    },
    break: () => {
      server.failing = true;
    },
    close: () => server[Symbol.asyncDispose](),
  };
}
type Publish = (server: DnsServer, hosts: readonly string[]) => void;

// The shortest and the longest wait are a few milliseconds: these suites ask real servers, in real time.
const quick = { minTtl: 5, maxTtl: 10 };

discoveryConformance(
  'dns of A records',
  async (hosts) => {
    const publish: Publish = (server, a) => server.zones.set('llm.test', { a });
    const rig = await dnsRig(
      ({ address }) => dns('llm.test', { port: 8000, servers: [address], ...quick }),
      publish,
    );
    rig.publish(hosts);
    return rig;
  },
  runner,
);

discoveryConformance(
  'dns of SRV records',
  async (hosts) => {
    const publish: Publish = (server, addresses) => {
      const srv = addresses.map((_, index) => ({ target: `s${index}.llm.test`, port: 8000 }));
      for (const [index, address] of addresses.entries())
        server.zones.set(`s${index}.llm.test`, { a: [address] });
      server.zones.set('_http._tcp.llm.test', { srv });
    };
    const rig = await dnsRig(
      ({ address }) => dns('_http._tcp.llm.test', { servers: [address], ...quick }),
      publish,
    );
    rig.publish(hosts);
    return rig;
  },
  runner,
);

discoveryConformance(
  'file',
  (hosts) => {
    const directory = mkdtempSync(join(tmpdir(), 'evenkeel-'));
    const path = join(directory, 'endpoints.json');
    const replace = (text: string) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    const publish = (changed: readonly string[]) => replace(JSON.stringify(onPort8000(changed)));
    publish(hosts);
    return {
      source: file(path),
      publish,
      break: () => replace('{'),
      close: () => rmSync(directory, { recursive: true }),
    };
  },
  runner,
);

discoveryConformance(
  'http',
  async (hosts) => {
    let body: string | undefined = JSON.stringify(onPort8000(hosts));
    const server = createServer((_request, response) => {
      if (body === undefined) response.writeHead(500);
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      source: http(`http://127.0.0.1:${port}/endpoints`, { interval: 10 }),
      publish: (changed) => {
        body = JSON.stringify(onPort8000(changed));
      },
      break: () => {
        body = undefined;
      },
      close: () => new Promise((resolve) => server.close(resolve)),
    };
  },
  runner,
);

discoveryConformance(
  'merged',
  (hosts) => ({ source: merged(staticEndpoints(onPort8000(hosts.slice(0, 1))), onPort8000(hosts.slice(1))) }),
  runner,
);
