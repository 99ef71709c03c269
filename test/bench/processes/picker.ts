/** A process that picks endpoints over and over, and sends nothing. */
import { createEndpoint } from '../../../src/balancer/create-endpoint.js';
import { Engine } from '../../../src/balancer/engine/engine.js';
import { Observers } from '../../../src/balancer/engine/observers.js';
import { resolveOptions } from '../../../src/balancer/options.js';
import { Admission } from '../../../src/state/admission.js';
import { EndpointSet } from '../../../src/state/endpoint-set.js';
import { Lease } from '../../../src/state/lease.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

/** Leases that are held at a time: so many requests are under way. */
const HELD = 64;
const NOWHERE = () => ({
  send: () => ({ pause() {}, resume() {}, abort() {} }),
  async close() {},
  async destroy() {},
});

/** The engine of a balancer with all defaults, over endpoints that are never sent to. */
function engineOf(count: number): Engine {
  const options = resolveOptions({
    endpoints: Array.from({ length: count }, (_, index) => ({ url: `http://endpoint-${index}.invalid` })),
  });
  const { clock, random, overProvisioning } = options;
  const endpoints: EndpointSet = new EndpointSet(options.endpoints, {
    clock,
    random,
    overProvisioning,
    failOpen: options.breaker?.failOpen ?? true,
    maxOpenRatio: options.breaker?.maxOpenRatio ?? 1,
    create: (endpoint, joins) =>
      createEndpoint(endpoint, options, {
        joins,
        openChannel: NOWHERE,
        mayOpen: () => endpoints.mayOpen(),
        onBreaker() {},
      }),
    removed() {},
  });
  const admission = new Admission<Lease | undefined>(options.admission, clock);
  return new Engine(options, endpoints, admission, undefined, new Observers(options.logger));
}

const engines = new Map<string, Engine>();

/** @returns processor time of one pick, in µs: finding who may take the request, choosing, and counting it as outstanding */
function pickTime(engine: Engine, milliseconds: number): number {
  const request = fakeRequest();
  const leases: Lease[] = [];
  const end = performance.now() + milliseconds;
  let [picks, time] = [0, 0];
  while (performance.now() < end) {
    const before = cpuTime();
    for (let pick = 0; pick < HELD; pick++) {
      const lease = engine.place(request, undefined);
      if (lease instanceof Lease) leases.push(lease);
    }
    time += cpuTime() - before;
    picks += HELD;
    for (const lease of leases.splice(0)) lease.settle({ kind: 'neutral', reason: 'caller-left' });
  }
  return time / picks;
}

serveParent('ready', async (message) => {
  const { count, milliseconds }: { count: number; milliseconds: number } = JSON.parse(message);
  const engine = engines.get(String(count)) ?? engineOf(count);
  engines.set(String(count), engine);
  return { pick: pickTime(engine, milliseconds) };
});
