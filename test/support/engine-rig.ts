import { Engine } from '../../src/balancer/engine/engine.js';
import { Observers } from '../../src/balancer/engine/observers.js';
import { type LoadBalancerOptions, resolveOptions } from '../../src/balancer/options.js';
import type { BalancerEvent } from '../../src/core/events.js';
import { Admission } from '../../src/state/admission.js';
import { EndpointSet } from '../../src/state/endpoint-set.js';
import type { Lease } from '../../src/state/lease.js';
import { manualClock } from '../../src/testing/manual-clock.js';
import { endpointState } from './endpoint-rig.js';

/** The engine of a balancer in virtual time, whose endpoints are not on a network and whose breakers do as told. */
export function engineRig(options: LoadBalancerOptions) {
  const clock = manualClock();
  const resolved = resolveOptions({ clock, random: () => 0, ...options });
  const made = new Map<string, ReturnType<typeof endpointState>>();
  const endpoints = new EndpointSet(resolved.endpoints, {
    clock,
    random: resolved.random,
    overProvisioning: resolved.overProvisioning,
    failOpen: resolved.breaker?.failOpen ?? true,
    maxOpenRatio: 0.5,
    create: (endpoint) => {
      const state = endpointState(endpoint.id, endpoint, clock);
      made.set(endpoint.id, state);
      return state;
    },
    removed: () => {},
  });
  const observers = new Observers(resolved.logger);
  const events: BalancerEvent[] = [];
  observers.add((event) => events.push(event));
  const engine = new Engine(
    resolved,
    endpoints,
    new Admission<Lease | undefined>(resolved.admission, clock),
    undefined,
    observers,
  );
  const get = (id: string) => {
    const state = made.get(id);
    if (state === undefined) throw new Error(`no endpoint ${id}`);
    return state;
  };
  return { engine, clock, events, get };
}
