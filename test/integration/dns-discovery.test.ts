import { describe, expect, it } from 'vitest';
import { dns } from '../../src/discovery/dns.js';
import { type BalancerEvent, LoadBalancer } from '../../src/index.js';
import { MockLlmServer, manualClock } from '../../src/testing/index.js';
import { DnsServer } from '../support/dns-server.js';
import { CHAT, chat } from '../support/fleet.js';

const NAME = '_http._tcp.llm.test';
/** Seconds. */
const TTL = 2;

describe('A balancer over SRV records of a real DNS server', () => {
  it('gains and loses servers within the TTL and a second, drains those that leave, and outlives the DNS server', async () => {
    await using nameServer = await DnsServer.start();
    const fleet = await Promise.all(['a', 'b', 'c'].map((name) => MockLlmServer.start({ name })));
    const [a, b, c] = fleet as [MockLlmServer, MockLlmServer, MockLlmServer];
    const publish = (...servers: readonly MockLlmServer[]) => {
      nameServer.failing = false;
      for (const { name } of servers)
        nameServer.zones.set(`${name}.llm.test`, { a: ['127.0.0.1'], ttl: TTL });
      const srv = servers.map(({ name, url }) => ({
        target: `${name}.llm.test`,
        port: Number(new URL(url).port),
      }));
      nameServer.zones.set(NAME, { srv, ttl: TTL });
    };
    publish(a, b);
    // Time stands still for DNS unless the test moves it; requests have the system's.
    const clock = manualClock();
    await using balancer = new LoadBalancer({
      endpoints: dns(NAME, { servers: [nameServer.address], clock, random: () => 0.999 }),
    });
    const events: BalancerEvent[] = [];
    let heard = () => {};
    balancer.observe((event) => {
      events.push(event);
      heard();
    });
    const discovered = async (type: BalancerEvent['type']) => {
      const before = events.filter((event) => event.type === type).length;
      await clock.advanceAsync(TTL * 1_000 + 1_000);
      while (events.filter((event) => event.type === type).length === before) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    };
    const urls = () => balancer.endpoints.map(({ url }) => url).sort();
    const of = (...servers: MockLlmServer[]) => servers.map(({ url }) => url).sort();
    const serve = async (count: number) => {
      for (let request = 0; request < count; request++) {
        const response = await balancer.fetch(CHAT, chat(true));
        await response.text();
        expect(response.status).toBe(200);
      }
    };

    await serve(10);
    expect(urls()).toEqual(of(a, b));

    publish(a, b, c);
    await discovered('discovery-updated');
    expect(urls()).toEqual(of(a, b, c));

    // A stream of `a` is under way when `a` leaves.
    a.fault = { kind: 'stall', after: 3 };
    const stream = await balancer.fetch(CHAT, { ...chat(true), evenkeel: { endpoints: [a.url] } });
    publish(b, c);
    await discovered('discovery-updated');
    expect(urls()).toEqual(of(b, c));
    const had = a.stats.requests;
    await serve(10);
    expect([a.stats.requests, a.stats.active]).toEqual([had, 1]);
    await stream.body?.cancel();
    await a.waitFor(({ connections }) => connections === 0);

    nameServer.zones.delete(NAME);
    await discovered('discovery-failed');
    await serve(5);
    nameServer.failing = true;
    await discovered('discovery-failed');
    await serve(5);
    expect(urls()).toEqual(of(b, c));
    const codes = events.flatMap((event) =>
      event.type === 'discovery-failed' ? [(event.error.cause as NodeJS.ErrnoException).code] : [],
    );
    expect(new Set(codes)).toEqual(new Set(['ENOTFOUND', 'ESERVFAIL']));

    publish(a, b, c);
    a.clearFaults();
    await discovered('discovery-updated');
    expect(urls()).toEqual(of(a, b, c));
    await serve(5);

    await balancer.close();
    await Promise.all(fleet.map((server) => server.stop()));
  });
});
