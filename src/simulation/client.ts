import { LoadBalancer } from '../balancer/load-balancer.js';
import type { BalancerHandlers, BalancerObserver } from '../core/events.js';
import type { SelectionPolicy } from '../core/policy.js';
import { seededRandom } from '../core/seeded-random.js';
import type { Fleet } from './fleet/fleet.js';
import type { ResolvedSimulation } from './options.js';
import type { TraceRequest } from './trace/trace.js';
import { withBlocks } from './trace/with-blocks.js';
import { REQUEST_HEADER } from './virtual/virtual-server.js';
import type { VirtualClock } from './virtual-clock.js';

/** What the clients of a simulation have in common. */
export interface ClientTerms {
  readonly clock: VirtualClock;
  readonly fleet: Fleet;
  readonly requests: readonly TraceRequest[];
  readonly settings: ResolvedSimulation;
}

/** One application process: a balancer and a policy of its own. */
export interface Client {
  readonly balancer: LoadBalancer;
  readonly policy: SelectionPolicy;
}

const NEVER = Number.POSITIVE_INFINITY;

/** @param index tells its randomness from that of the other clients */
export function newClient({ clock, fleet, requests, settings }: ClientTerms, index: number): Client {
  const { balancer: given, seed } = settings;
  const requestOf = (headers: Readonly<Record<string, string>>): TraceRequest => {
    const request = requests[Number(headers[REQUEST_HEADER])];
    if (request === undefined) throw new RangeError('That is no request of the trace');
    return request;
  };
  const observers: (BalancerObserver | BalancerHandlers)[] = [];
  const every = (interval: number, act: () => void): void => {
    clock.schedule(() => {
      act();
      every(interval, act);
    }, interval);
  };
  const policy = settings.policy({
    observe: (observer) => observers.push(observer),
    every,
    replica: (id) => fleet.get(id).replica,
    requestOf,
  });
  const balancer = new LoadBalancer(
    {
      ...given,
      timeouts: { firstToken: NEVER, response: NEVER, idle: NEVER, ...given.timeouts },
      estimateTokens: given.estimateTokens ?? (({ headers }) => requestOf(headers).prompt),
      endpoints: fleet.members.map(({ config }) => config),
      policy: withBlocks(policy, requestOf),
      clock,
      random: seededRandom(Math.imul(seed, 0x9e3779b1) + index + 1),
    },
    fleet.openChannel,
  );
  for (const observer of observers) balancer.observe(observer);
  return { balancer, policy };
}
