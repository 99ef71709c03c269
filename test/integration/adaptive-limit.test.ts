import type { ServerResponse } from 'node:http';
import { InvalidOptionError, LoadBalancer } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { httpServer } from '../support/scripted-server.js';

describe("an endpoint with maxOutstanding: 'adaptive'", () => {
  it('takes 8 at first, lets the rest wait, and shows its limit in the snapshot as it falls and grows', async () => {
    const asked: ServerResponse[] = [];
    let arrived: () => void = () => {};
    await using server = await httpServer((_request, response) => {
      asked.push(response);
      arrived();
    });
    await using balancer = new LoadBalancer({
      endpoints: [{ url: server.url, maxOutstanding: 'adaptive' }],
      retry: false,
    });
    const requests = (count: number) => Array.from({ length: count }, () => balancer.fetch('/v1/models'));
    const answer = async (count: number, status: number) => {
      while (asked.length < count) await new Promise<void>((resolve) => (arrived = resolve));
      for (const response of asked.splice(0, count)) {
        response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end('{}');
      }
    };
    const snapshot = () => {
      const { queued, outstanding, endpoints } = balancer.snapshot();
      return { queued, outstanding, limit: endpoints[0]?.maxOutstanding };
    };

    const first = requests(12);
    expect(snapshot()).toEqual({ queued: 4, outstanding: 8, limit: 8 });
    await answer(8, 200);
    await answer(4, 200);
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(new Array(12).fill(200));
    const grown = snapshot().limit ?? 0;
    expect(grown).toBeGreaterThan(8);
    expect(JSON.parse(JSON.stringify(balancer.snapshot())).endpoints[0].maxOutstanding).toBe(grown);
    expect(balancer.endpoints[0]?.maxOutstanding).toBe(grown);

    const second = requests(grown + 1);
    expect(snapshot()).toEqual({ queued: 1, outstanding: grown, limit: grown });
    await answer(grown, 429);
    await answer(1, 200);
    await Promise.all(second);
    expect(snapshot().limit).toBe(Math.floor((grown + 0.5) * 0.8));
  });

  it('is the only word that is allowed there', () => {
    const make = () =>
      new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:9', maxOutstanding: 'auto' as 'adaptive' }] });
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(
      '`endpoints[0].maxOutstanding` must be an integer, at least 1, or \'adaptive\'; got "auto"',
    );
  });
});
