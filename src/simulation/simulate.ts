import { newClient } from './client.js';
import { replicaCapacity } from './fleet/capacity.js';
import { Fleet } from './fleet/fleet.js';
import type { ResolvedEvent } from './fleet/fleet-events.js';
import type { Replicated } from './fleet/fleet-spec.js';
import { resolveSimulation, type SimulationOptions } from './options.js';
import { autoscalingReport } from './report/autoscaling-report.js';
import { report, type SimulationReport } from './report/report.js';
import { runAutoscaler } from './run-autoscaler.js';
import { serveTrace } from './serve-trace.js';
import { atRate, requestRate } from './trace/load.js';
import { VirtualClock } from './virtual-clock.js';

/**
 * Runs a trace through real balancers with a real policy, over modelled GPU servers, in virtual time.
 * The same options give the same report, to the last bit.
 *
 * @throws InvalidOptionError
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const settings = resolveSimulation(options);
  const { trace, fleet: replicas, events, load, seed } = settings;
  const joining = events.flatMap((event) => (event.type === 'join' ? [event.replica] : []));
  const capacities = new Map<Replicated, number>();
  const added = settings.autoscaling === undefined ? [] : [settings.autoscaling.replica];
  for (const replica of [...replicas, ...joining, ...added])
    capacities.set(replica, await replicaCapacity(replica.model, trace.requests));
  const capacityOf = (replica: Replicated) => capacities.get(replica) ?? 0;
  const weightOf = (replica: Replicated) => {
    const weight = settings.weights ?? replica.weight;
    return weight === 'capacity' ? capacityOf(replica) : weight === 'equal' ? 1 : weight;
  };
  const capacity = replicas.reduce((sum, replica) => sum + capacityOf(replica), 0);
  const requests = load === undefined ? trace.requests : atRate(trace.requests, load * capacity);

  const clock = new VirtualClock(settings.startsAt);
  const fleet = new Fleet({ clock, requests, network: settings.network, eventTokens: settings.eventTokens });
  for (const replica of replicas) fleet.begin(replica, weightOf(replica));
  const terms = { clock, fleet, requests, settings };
  const clients = Array.from({ length: settings.clients }, (_, index) => newClient(terms, index));
  for (const { balancer } of clients) fleet.tell(balancer);
  for (const event of events) clock.setTimer(() => happen(event), event.at);
  const balancers = clients.map(({ balancer }) => balancer);
  const scaling = settings.autoscaling;
  const autoscaler =
    scaling &&
    runAutoscaler({ clock, fleet, options: scaling, weight: weightOf(scaling.replica) }, balancers);
  const records = await serveTrace(requests, balancers, { clock, seed, onProgress: settings.onProgress });
  const made = report(records, fleet, {
    policy: settings.name ?? clients[0]?.policy.name ?? '',
    seed,
    clients: clients.length,
    load: requestRate(requests) / capacity,
    capacity,
    objective: settings.objective,
    autoscaling:
      scaling && autoscaler && autoscalingReport(autoscaler.history(), records, scaling.costPerReplicaHour),
  });
  await autoscaler?.close();
  await Promise.all(balancers.map((balancer) => balancer.close()));
  return made;

  function happen(event: ResolvedEvent): void {
    if (event.type === 'join') return fleet.join(event.replica, weightOf(event.replica));
    const { server, replica } = fleet.get(event.id);
    if (event.type === 'throttle') replica.throttle(event.slowdown);
    else if (event.type === 'kill') server.kill();
    else if (event.type === 'return') server.start(replica.model.loadTime);
    else void fleet.leave(event.id);
  }
}
