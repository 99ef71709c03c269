import { describe, expect, it } from 'vitest';
import { RollingService } from './rolling-service.js';

const REPLICAS = 6;
const CALLERS = 12;
/** Answers between two steps, so that every step falls into traffic. */
const PACE = 20;

/** What happens to the API server at each step. */
type Disturb = (service: RollingService, step: number) => void | Promise<void>;

/** As a Deployment does it with maxSurge 1 and maxUnavailable 0, under load. */
async function rollingUpdate(disturb: Disturb) {
  const service = await RollingService.start();
  const before = await Promise.all(
    Array.from({ length: REPLICAS }, (_, index) => service.create(`old-${index}`)),
  );
  for (const replica of before) await service.ready(replica);
  service.call(CALLERS);
  await service.answered(PACE);
  const servedBefore = before.map(({ server }) => server.stats.completed);
  const after = [];
  for (const [index, old] of before.entries()) {
    await disturb(service, 2 * index);
    const replica = await service.create(`new-${index}`);
    await service.answered(PACE);
    expect(replica.server.stats.requests).toBe(0);
    await service.ready(replica);
    await service.answered(PACE);
    await disturb(service, 2 * index + 1);
    await service.terminate(old);
    after.push(replica);
  }
  await service.answered(PACE * REPLICAS);
  await service.quiet();
  return { service, servedBefore, before, after };
}

async function expectNothingLost(disturb: Disturb): Promise<RollingService> {
  const { service, servedBefore, before, after } = await rollingUpdate(disturb);
  expect(service.failures).toEqual([]);
  expect(service.of('request-finished').every(({ status }) => status === 200)).toBe(true);
  // No retry was needed either: nobody was sent to a server that had gone.
  expect(service.of('retry')).toEqual([]);
  expect(Math.min(...servedBefore)).toBeGreaterThan(0);
  expect(before.map(({ server }) => server.stats.broken + server.stats.aborted)).toEqual(
    Array(REPLICAS).fill(0),
  );
  expect(service.balancer.endpoints.map(({ id }) => id).sort()).toEqual(after.map(({ id }) => id).sort());
  expect(Math.min(...after.map(({ server }) => server.stats.completed))).toBeGreaterThan(0);
  expect(service.of('endpoint-added')).toHaveLength(2 * REPLICAS);
  expect(service.of('endpoint-removed')).toHaveLength(REPLICAS);
  return service;
}

// Seconds on a quiet machine; cores may be shared.
describe('A rolling update of 6 replicas under load', { timeout: 60_000 }, () => {
  it('fails no request', async () => {
    await using service = await expectNothingLost(() => {});
    expect(service.of('discovery-failed')).toEqual([]);
    expect(service.fake.requests.map(({ verb }) => verb)).toEqual(['list', 'watch']);
  });

  it('fails no request while the watch is cut before every step', async () => {
    await using service = await expectNothingLost(({ fake }, step) => {
      fake.cutWatches(step % 2 === 0 ? 'between' : 'inside');
    });
    const verbs = service.fake.requests.map(({ verb }) => verb);
    expect(verbs.filter((verb) => verb === 'list')).toHaveLength(1);
    expect(verbs.filter((verb) => verb === 'watch').length).toBeGreaterThan(REPLICAS);
    expect(service.of('discovery-failed')).toEqual([]);
  });

  it('fails no request while versions are forgotten before every step, and 410 comes in both forms', async () => {
    await using service = await expectNothingLost(({ fake }, step) => {
      fake.forgetVersions(step % 4 < 2 ? 'status' : 'event');
      fake.cutWatches();
    });
    const gone = service.fake.requests.filter(({ code }) => code === 410);
    const lists = service.fake.requests.filter(({ verb }) => verb === 'list');
    expect(gone.length).toBeGreaterThan(0);
    expect(lists.length).toBeGreaterThan(1 + gone.length);
  });

  it('fails no request while the API server is gone for a minute three times', async () => {
    await using service = await expectNothingLost(async (rolling, step) => {
      if (step % 4 !== 1) return;
      const { fake, clock } = rolling;
      await fake.stop();
      const until = clock.now() + 60_000;
      await rolling.until(() => clock.now() >= until);
      await rolling.answered(PACE);
      await fake.restart();
    });
    expect(service.of('discovery-failed').length).toBeGreaterThan(REPLICAS);
  });
});

describe('While the API server is gone', () => {
  it('traffic goes on with the last list, and around a server that dies meanwhile', async () => {
    await using service = await RollingService.start();
    const replicas = await Promise.all(['a', 'b', 'c'].map((name) => service.create(name)));
    for (const replica of replicas) await service.ready(replica);
    service.call(CALLERS);
    await service.answered(PACE);
    await service.fake.stop();
    await service.answered(PACE);
    const [first] = replicas;
    first?.server.faultWith(() => ({ kind: 'reset-before-headers' }));
    await service.answered(PACE * 5);
    await service.quiet();
    expect(service.failures).toEqual([]);
    expect(service.of('retry').length).toBeGreaterThan(0);
    expect(service.balancer.endpoints).toHaveLength(3);
  });
});
