import { describe, expect, it } from 'vitest';
import { dns } from '../../../src/discovery/dns.js';
import { InvalidOptionError, LoadBalancer } from '../../../src/index.js';
import { manualClock } from '../../../src/testing/index.js';
import { DnsServer } from '../../support/dns-server.js';
import { SourceWatcher } from '../../support/source-watcher.js';

const A = 'llm.test';
const SRV = '_http._tcp.llm.test';

describe('dns', () => {
  it('looks again when the TTL has passed, and not before', async () => {
    await using server = await DnsServer.start({ [A]: { a: ['10.0.0.1'], ttl: 7 } });
    const clock = manualClock();
    await using watcher = new SourceWatcher(
      dns(A, { port: 8000, servers: [server.address], clock, random: () => 0.999 }),
    );
    await watcher.heard('lists', 1);
    server.zones.set(A, { a: ['10.0.0.1', '10.0.0.2'], ttl: 7 });
    await clock.advanceAsync(6_999);
    expect(server.questions).toHaveLength(1);
    // Jitter included, within a second of the TTL.
    await clock.advanceAsync(1_001);
    await watcher.heard('lists', 2);
    expect(watcher.urls).toEqual(['http://10.0.0.1:8000', 'http://10.0.0.2:8000']);
    expect(server.questions).toHaveLength(2);
  });

  it.each([
    { ttl: 0, minTtl: 1_000, maxTtl: 30_000, wait: 1_000 },
    { ttl: 3_600, minTtl: 1_000, maxTtl: 30_000, wait: 30_000 },
  ])('waits for $wait ms at a TTL of $ttl s', async ({ ttl, wait, ...limits }) => {
    await using server = await DnsServer.start({ [A]: { a: ['10.0.0.1'], ttl } });
    const clock = manualClock();
    await using watcher = new SourceWatcher(
      dns(A, { port: 8000, servers: [server.address], clock, random: () => 0, ...limits }),
    );
    await watcher.heard('lists', 1);
    await clock.advanceAsync(wait - 1);
    expect(server.questions).toHaveLength(1);
    server.zones.set(A, { a: ['10.0.0.2'], ttl });
    await clock.advanceAsync(1);
    await watcher.heard('lists', 2);
  });

  it('tells nothing when only the order of the addresses has turned', async () => {
    await using server = await DnsServer.start({ [A]: { a: ['10.0.0.1', '10.0.0.2'] } });
    const source = dns(A, { port: 8000, servers: [server.address], minTtl: 5, maxTtl: 5 });
    await using watcher = new SourceWatcher(source);
    await watcher.heard('lists', 1);
    server.zones.set(A, { a: ['10.0.0.2', '10.0.0.1'] });
    const asked = server.questions.length;
    server.zones.set(A, { a: ['10.0.0.2', '10.0.0.1'] });
    // A change after it is the witness that the turned answer was read.
    await new Promise<void>((resolve) => {
      const look = () => (server.questions.length > asked + 1 ? resolve() : setImmediate(look));
      look();
    });
    server.zones.set(A, { a: ['10.0.0.3'] });
    await watcher.until(() => watcher.urls[0] === 'http://10.0.0.3:8000');
    expect(watcher.lists).toHaveLength(2);
  });

  it('takes AAAA records where there are no A records, and writes them in brackets', async () => {
    await using server = await DnsServer.start({ [A]: { aaaa: ['fd00::1'] } });
    await using watcher = new SourceWatcher(dns(A, { port: 8000, servers: [server.address] }));
    await watcher.heard('lists', 1);
    expect(watcher.urls).toEqual(['http://[fd00::1]:8000']);
    expect(server.questions).toEqual(['A llm.test', 'AAAA llm.test']);
  });

  it('counts a server with both addresses once, unless AAAA is asked for', async () => {
    await using server = await DnsServer.start({ [A]: { a: ['10.0.0.1'], aaaa: ['fd00::1'] } });
    const options = { port: 8000, servers: [server.address] };
    await using either = new SourceWatcher(dns(A, options));
    await using six = new SourceWatcher(dns(A, { ...options, family: 6 }));
    await either.heard('lists', 1);
    await six.heard('lists', 1);
    expect([either.urls, six.urls]).toEqual([['http://10.0.0.1:8000'], ['http://[fd00::1]:8000']]);
  });

  it('makes tiers of SRV priorities, and divides a weight among the addresses of its target', async () => {
    await using server = await DnsServer.start({
      [SRV]: {
        srv: [
          { target: 'a.test', port: 8001, priority: 10, weight: 60 },
          { target: 'b.test', port: 8002, priority: 10, weight: 0 },
          { target: 'c.test', port: 8003, priority: 20, weight: 0 },
        ],
      },
      'a.test': { a: ['10.0.0.1', '10.0.0.2'] },
      'b.test': { a: ['10.0.0.3'] },
      'c.test': { a: ['10.0.0.4'] },
    });
    await using watcher = new SourceWatcher(
      dns(SRV, { servers: [server.address], path: '/v1', endpoint: { healthPath: '/health' } }),
    );
    await watcher.heard('lists', 1);
    const healthPath = '/health';
    expect(watcher.last).toEqual([
      { url: 'http://10.0.0.1:8001/v1', weight: 30, tier: 10, healthPath },
      { url: 'http://10.0.0.2:8001/v1', weight: 30, tier: 10, healthPath },
      { url: 'http://10.0.0.3:8002/v1', weight: 0.6, tier: 10, healthPath },
      { url: 'http://10.0.0.4:8003/v1', weight: 1, tier: 20, healthPath },
    ]);
  });

  it('keeps the addresses of a target that cannot be looked up for a while', async () => {
    const srv = [
      { target: 'a.test', port: 8000, weight: 1 },
      { target: 'b.test', port: 8000, weight: 1 },
    ];
    await using server = await DnsServer.start({
      [SRV]: { srv },
      'a.test': { a: ['10.0.0.1'] },
      'b.test': { a: ['10.0.0.2'] },
    });
    await using watcher = new SourceWatcher(dns(SRV, { servers: [server.address], minTtl: 5, maxTtl: 5 }));
    await watcher.heard('lists', 1);
    server.zones.delete('a.test');
    server.zones.set('b.test', { a: ['10.0.0.3'] });
    await watcher.heard('lists', 2);
    expect(watcher.urls).toEqual(['http://10.0.0.1:8000', 'http://10.0.0.3:8000']);
    expect(watcher.errors).toEqual([]);
  });

  it.each([
    ['NXDOMAIN', 'ENOTFOUND', (server: DnsServer) => server.zones.delete(A)],
    ['an answer without addresses', 'ENODATA', (server: DnsServer) => server.zones.set(A, {})],
    [
      'SERVFAIL',
      'ESERVFAIL',
      (server: DnsServer) => {
        server.failing = true;
      },
    ],
  ] as const)(
    'keeps the last good list at %s, says why, and asks less and less often',
    async (_, code, fail) => {
      await using server = await DnsServer.start({ [A]: { a: ['10.0.0.1'] } });
      const clock = manualClock();
      const source = dns(A, { port: 8000, servers: [server.address], clock, random: () => 0 });
      await using balancer = new LoadBalancer({ endpoints: source });
      const failures: Error[] = [];
      let heard = () => {};
      balancer.observe((event) => {
        if (event.type === 'discovery-failed') failures.push(event.error);
        heard();
      });
      const until = async (holds: () => boolean) => {
        while (!holds()) {
          await new Promise<void>((resolve) => {
            heard = resolve;
          });
        }
      };
      await balancer.ready();
      fail(server);
      await clock.advanceAsync(1_000);
      await until(() => failures.length === 1);
      expect(failures[0]).toMatchObject({
        code: 'DISCOVERY_FAILED',
        source: 'dns:llm.test',
        cause: { code },
      });
      expect(balancer.endpoints.map(({ id }) => id)).toEqual(['http://10.0.0.1:8000']);
      // 0.8 of 1 s, then of 2 s, then of 4 s.
      for (const [index, wait] of [800, 1_600, 3_200].entries()) {
        await clock.advanceAsync(wait - 1);
        expect(failures).toHaveLength(index + 1);
        await clock.advanceAsync(1);
        await until(() => failures.length === index + 2);
      }
    },
  );

  it.each([
    [() => dns('', { port: 1 }), 'dns.name'],
    [() => dns('http://llm.test', { port: 1 }), 'dns.name'],
    [() => dns(A), 'dns.port'],
    [() => dns(A, { port: 70_000 }), 'dns.port'],
    [() => dns(A, { port: 1, minTtl: 0 }), 'dns.minTtl'],
    [() => dns(A, { port: 1, maxTtl: 10 }), 'dns.maxTtl'],
    [() => dns(A, { port: 1, family: 5 as 4 }), 'dns.family'],
    [() => dns(A, { port: 1, timeout: 0.5 }), 'dns.timeout'],
    [() => dns(A, { port: 1, endpoint: { weight: -1 } }), 'dns.endpoint.weight'],
    [() => dns(A, { port: 1, path: '?key' }), 'dns.endpoint.url'],
    [() => dns(A, { port: 1, ttl: 5 } as object), 'dns.ttl'],
  ])('refuses a wrong option %#', (make, option) => {
    let refused: unknown;
    try {
      make();
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(InvalidOptionError);
    expect(refused).toMatchObject({ option });
  });

  it('refuses a DNS server that is no address, at once', () => {
    expect(() => dns(A, { port: 1, servers: ['nonsense'] })).toThrow(/nonsense/);
  });
});
