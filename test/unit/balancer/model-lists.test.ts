import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { EndpointConfig, LoadBalancerOptions } from '../../../src/index.js';
import { CHAT, chat } from '../../support/fleet.js';
import { type Behaviour, VirtualServers } from '../../support/virtual-servers.js';

let servers = new VirtualServers();
vi.mock('../../../src/transport/undici-transport.js', () => ({
  openUndiciChannel: (...args: Parameters<VirtualServers['open']>) => servers.open(...args),
}));
beforeEach(() => {
  servers = new VirtualServers();
});

const A = 'http://a';
const B = 'http://b';
const JSON_TYPE = { 'content-type': 'application/json' };
const lists =
  (...models: string[]): Behaviour =>
  (call) =>
    call
      .headers(200, JSON_TYPE)
      .data(JSON.stringify({ object: 'list', data: models.map((id) => ({ id, object: 'model' })) }))
      .end();

function balance(endpoints: readonly EndpointConfig[], options: Partial<LoadBalancerOptions> = {}) {
  const { balancer, events } = servers.balance({ endpoints, discoverModels: true, ...options }, 1);
  const serving = (model: string) => balancer.explain({ model }).candidates;
  const told = () => events.flatMap((event) => (event.type === 'endpoint-models' ? [event] : []));
  return { balancer, serving, told };
}

describe('With discoverModels an endpoint without `models`', () => {
  it('is asked below its base path, as a client would ask, with its own headers', async () => {
    const seen: object[] = [];
    servers.server(`${A}/base/v1`).health = (call, clock) => {
      seen.push(call.request);
      lists('llama')(call, clock);
    };
    const headers = { authorization: 'Bearer own' };
    const { balancer, serving } = balance([
      { url: `${A}/base/v1`, id: 'a', headers },
      { url: B, models: ['x'] },
    ]);
    await servers.clock.advanceAsync(0);
    expect(seen).toMatchObject([{ method: 'GET', path: '/base/v1/models', headers }]);
    expect([serving('llama'), serving('x')]).toEqual([['a'], [B]]);
    expect(servers.server(B).probes).toBe(0);
    await balancer.close();
  });

  it('gets nothing before its list is known, and requests wait for it', async () => {
    servers.server(A).health = (call, clock) =>
      void clock.setTimer(() => lists('mock-model', 'embed')(call, clock), 200);
    const { balancer, serving, told } = balance([{ url: A, id: 'a' }]);
    const answer = servers.ask(balancer);
    await servers.clock.advanceAsync(199);
    expect(balancer.endpoints[0]?.state).toBe('warming');
    await servers.clock.advanceAsync(500);
    expect(await answer).toMatchObject({ status: 200, duration: 300 });
    expect([serving('embed'), serving('llama')]).toEqual([['a'], []]);
    expect(told()).toMatchObject([{ at: 200, endpoint: 'a', models: ['mock-model', 'embed'] }]);
    const refused = await balancer.fetch(CHAT, {
      ...chat(true),
      body: JSON.stringify({ model: 'llama', messages: [] }),
    });
    expect(refused.status).toBe(404);
    await balancer.close();
  });

  it('is asked again each minute, and an adapter that was loaded meanwhile is found', async () => {
    servers.server(A).health = lists('base');
    const { balancer, serving, told } = balance([{ url: A, id: 'a' }]);
    await servers.clock.advanceAsync(1_000);
    servers.server(A).health = lists('base', 'adapter');
    await servers.clock.advanceAsync(60_000);
    expect(serving('adapter')).toEqual(['a']);
    await servers.clock.advanceAsync(300_000);
    expect(told()).toHaveLength(2);
    await balancer.close();
  });

  it('keeps its list while it cannot be asked, is asked sooner then, and takes every model when it has no list', async () => {
    servers.server(A).health = (call) => call.status(503);
    const { balancer, serving } = balance([{ url: A, id: 'a' }]);
    await servers.clock.advanceAsync(4_000);
    expect(balancer.endpoints[0]?.state).toBe('warming');
    servers.server(A).health = lists('base');
    await servers.clock.advanceAsync(2_000);
    // It came late, so it is eased in.
    expect(balancer.endpoints[0]).toMatchObject({ state: 'healthy' });
    expect(balancer.endpoints[0]?.slowStart).toBeLessThan(1);
    for (const behaviour of [
      (call) => call.fail('ECONNREFUSED'),
      (call) => call.headers(200, JSON_TYPE).data('no JSON').end(),
      (call) => call.headers(200, JSON_TYPE).data('{"data":5}').end(),
      (call) => void call.sent(),
    ] satisfies Behaviour[]) {
      servers.server(A).health = behaviour;
      await servers.clock.advanceAsync(100_000);
      expect([serving('base'), serving('other')]).toEqual([['a'], []]);
    }
    servers.server(A).health = (call) => call.status(404);
    await servers.clock.advanceAsync(20_000);
    expect(serving('other')).toEqual(['a']);
    await balancer.close();
    expect(servers.clock.pending).toBe(0);
  });

  it('is asked no more when an update names its models', async () => {
    servers.server(A).health = (call) => call.status(503);
    const { balancer, serving } = balance([{ url: A, id: 'a' }]);
    await servers.clock.advanceAsync(1_000);
    balancer.update([{ url: A, id: 'a', models: ['named'] }]);
    expect([serving('named'), serving('other')]).toEqual([['a'], []]);
    const { probes } = servers.server(A);
    await servers.clock.advanceAsync(600_000);
    expect(servers.server(A).probes).toBe(probes);
    await balancer.close();
  });

  it.each([
    [{ path: 'models' }, 'discoverModels.path'],
    [{ interval: 0 }, 'discoverModels.interval'],
    [{ timeout: 0 }, 'discoverModels.timeout'],
    [{ refresh: 1 }, 'discoverModels.refresh'],
  ])('is not asked with a wrong option: %j', (discoverModels, option) => {
    expect(() => balance([{ url: A }], { discoverModels: discoverModels as object })).toThrow(
      `\`${option}\``,
    );
  });
});
