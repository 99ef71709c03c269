import type { EndpointState } from '../../state/endpoint-state.js';
import type { LifecycleGate } from '../../state/lifecycle.js';
import type { Engine } from '../engine/engine.js';

/**
 * Opens a gate of a warming endpoint. One that was ready when the balancer began needs no slow start, since nobody
 * else has a lead; one that becomes ready late, or has just joined, is eased in.
 */
export function openGate(engine: Engine, endpoint: EndpointState, gate: LifecycleGate, late: boolean): void {
  endpoint.lifecycle.hold(gate, false);
  if (endpoint.phase === 'ready' && (late || endpoint.slowStart < 1)) {
    endpoint.ramp.begin(engine.clock.now());
  }
}
