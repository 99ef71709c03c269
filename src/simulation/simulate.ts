import { LoadBalancer } from '../balancer/load-balancer.js';
import { seededRandom } from '../core/seeded-random.js';
import { replicaCapacity } from './capacity.js';
import { call } from './client.js';
import { Fleet } from './fleet.js';
import { atRate, requestRate } from './load.js';
import { type ResolvedSimulation, resolveSimulation, type SimulationOptions } from './options.js';
import { report, type SimulationReport } from './report.js';
import type { RequestRecord } from './request-record.js';
import type { TraceRequest } from './trace.js';
import { VirtualClock } from './virtual-clock.js';
import { REQUEST_HEADER } from './virtual-server.js';
import { withBlocks } from './with-blocks.js';

/**
 * Runs a trace through real balancers with a real policy, over modelled GPU servers, in virtual time.
 * The same options give the same report, to the last bit.
 *
 * @throws InvalidOptionError
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const settings = resolveSimulation(options);
  const { trace, fleet: specs, clients: clientCount, seed } = settings;
  const capacities = await Promise.all(specs.map(({ model }) => replicaCapacity(model, trace.requests)));
  const capacity = capacities.reduce((sum, one) => sum + one, 0);
  const { load } = settings;
  const requests = load === undefined ? trace.requests : atRate(trace.requests, load * capacity);

  const clock = new VirtualClock();
  const fleet = new Fleet({ clock, requests, network: settings.network });
  for (const [index, spec] of specs.entries()) {
    const member = fleet.add(spec, spec.weight === 'capacity' ? (capacities[index] ?? 1) : spec.weight);
    member.server.start(0);
  }
  const clients = Array.from({ length: clientCount }, (_, index) => newClient(settings, index));
  const records = await serve();
  await Promise.all(clients.map(({ balancer }) => balancer.close()));
  return report(records, fleet, {
    policy: settings.name ?? clients[0]?.policy.name ?? '',
    seed,
    clients: clientCount,
    load: requestRate(requests) / capacity,
    capacity,
    objective: settings.objective,
  });

  function newClient({ policy: make, balancer: given }: ResolvedSimulation, index: number) {
    const requestOf = (headers: Readonly<Record<string, string>>): TraceRequest => {
      const request = requests[Number(headers[REQUEST_HEADER])];
      if (request === undefined) throw new RangeError('That is no request of the trace');
      return request;
    };
    const policy = make({
      requestOf,
      replica: (id) => {
        const member = fleet.get(id);
        if (member === undefined) throw new RangeError(`There is no replica ${id}`);
        return member.replica;
      },
    });
    const balancer = new LoadBalancer(
      {
        ...given,
        timeouts: { firstToken: Infinity, response: Infinity, idle: Infinity, ...given.timeouts },
        estimateTokens: given.estimateTokens ?? (({ headers }) => requestOf(headers).prompt),
        endpoints: fleet.all().map(({ config }) => config),
        policy: withBlocks(policy, requestOf),
        clock,
        random: seededRandom(seed * 0x9e3779b1 + index + 1),
      },
      fleet.openChannel,
    );
    return { balancer, policy };
  }

  async function serve(): Promise<readonly RequestRecord[]> {
    const random = seededRandom(seed);
    const told = Math.ceil(requests.length / 100);
    const made: RequestRecord[] = [];
    let ended = 0;
    const arrive = (): void => {
      const index = made.length;
      const request = requests[index];
      const client = Math.min(Math.floor(random() * clients.length), clients.length - 1);
      const balancer = clients[client]?.balancer;
      if (request === undefined || balancer === undefined) return;
      const { prompt, output } = request;
      const record: RequestRecord = {
        at: clock.now(),
        client,
        prompt,
        output,
        endpoint: undefined,
        attempts: 0,
        status: 0,
        firstToken: undefined,
        endToEnd: undefined,
      };
      made.push(record);
      void call(balancer, index, record, clock).finally(() => {
        ended++;
        if (ended % told === 0) settings.onProgress(ended / requests.length);
      });
      const next = requests[index + 1];
      if (next !== undefined) clock.setTimer(arrive, next.at - clock.now());
    };
    clock.setTimer(arrive, requests[0]?.at ?? 0);
    await clock.run(() => ended === requests.length);
    return made;
  }
}
