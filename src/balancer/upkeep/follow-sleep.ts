import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import { openGate } from './open-gate.js';

/**
 * Keeps an endpoint from requests while its engine says that it is asleep: its process answers, and its model is not
 * on the GPU. To be called whenever its load has been read, or could not be.
 *
 * What is too old counts as awake, as no reading does. A server that sleeps still shows its page, so a page that fails
 * says something of the page; and were it down or asleep after all, its breaker finds that out with a request or two,
 * while nobody would ever find out that an endpoint is kept out for nothing. Who wants it the other way round has
 * `healthPath: '/is_sleeping'`.
 *
 * @param polled it has a page that is read; one that tells its load with its answers alone would never be heard of again
 */
export function followSleep(engine: Engine, endpoint: EndpointState, polled: boolean): void {
  const asleep = polled && endpoint.load?.asleep === true;
  if (asleep === endpoint.lifecycle.isShut('sleep')) return;
  if (asleep) endpoint.lifecycle.hold('sleep', true);
  else openGate(engine, endpoint, 'sleep', true);
  engine.changed(endpoint);
}
