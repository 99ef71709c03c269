import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { kedaMetrics } from '../../../src/autoscaling/index.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { metricsHandler as nodeHandler } from '../../../src/facades/express.js';
import { metricsHandler as webMetrics } from '../../../src/facades/web.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';
import { endpointSnapshot } from '../../support/scaling-rig.js';

function balancer() {
  const endpoints = [
    endpointSnapshot('gpu-1'),
    endpointSnapshot('gpu-2', { state: 'warming', available: false }),
    endpointSnapshot('hosted', { tier: 1 }),
  ];
  const { balancer: snapshot } = fakeSituation({ queued: 12, outstanding: 41, endpoints });
  return { snapshot: () => ({ ...snapshot, queuedByModel: { 'llama-3.1-8b': 12 } }) };
}

describe('kedaMetrics', () => {
  it('tells totals under the names that valueLocation is given', () => {
    const autoscaler = { desiredReplicas: 5 };
    expect(kedaMetrics(balancer(), { autoscaler, models: ['qwen3', 'llama-3.1-8b'] }).report()).toEqual({
      queueDepth: 12,
      outstanding: 41,
      demand: 53,
      readyReplicas: 1,
      desiredReplicas: 5,
      queueDepthByModel: { qwen3: 0, 'llama-3.1-8b': 12 },
    });
  });

  it('leaves out what is not known, so that KEDA falls back', () => {
    const autoscaler = { desiredReplicas: undefined };
    expect(kedaMetrics(balancer(), { autoscaler }).report()).not.toHaveProperty('desiredReplicas');
  });

  it('counts the endpoints that it is told are replicas', () => {
    const metrics = kedaMetrics(balancer(), { isReplica: ({ tier }) => tier === 1 });
    expect(metrics.report().readyReplicas).toBe(1);
  });

  it('is served by the handlers for metrics: node:http and Express, and the web', async () => {
    const metrics = kedaMetrics(balancer());
    const web = await webMetrics(metrics)();
    expect([web.status, web.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(await web.json()).toEqual(metrics.report());
    const handler = nodeHandler(metrics);
    const server = createServer((request, response) => handler(request, response, () => {})).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect([answer.status, await answer.json()]).toEqual([200, metrics.report()]);
    server.closeAllConnections();
    server.close();
  });

  it.each<[string, object]>([
    ['kedaMetrics.autoscaler', { autoscaler: {} }],
    ['kedaMetrics.isReplica', { isReplica: true }],
    ['kedaMetrics.models', { models: 'llama' }],
    ['kedaMetrics.nonsense', { nonsense: 1 }],
  ])('refuses a bad `%s`', (option, options) => {
    expect(() => kedaMetrics(balancer(), options)).toThrow(InvalidOptionError);
    expect(() => kedaMetrics(balancer(), options)).toThrow(`\`${option}\``);
  });
});
