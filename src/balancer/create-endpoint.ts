import type { BreakerState } from '../core/breaker.js';
import type { OpenChannel } from '../core/transport.js';
import { Cooldown } from '../state/cooldown.js';
import { disabledBreaker } from '../state/disabled-breaker.js';
import type { Endpoint } from '../state/endpoint.js';
import { EndpointState } from '../state/endpoint-state.js';
import type { LifecycleGate } from '../state/lifecycle.js';
import { OpossumBreaker } from '../state/opossum-breaker.js';
import { SlowStart } from '../state/slow-start.js';
import type { ResolvedOptions } from './options.js';

/** What an endpoint needs from the balancer around it. */
export interface EndpointSurroundings {
  /** It comes to a pool that is at work. */
  readonly joins: boolean;
  readonly openChannel: OpenChannel;
  mayOpen(): boolean;
  /** Its breaker has become `to`. */
  onBreaker(endpoint: EndpointState, to: BreakerState): void;
}

/** An endpoint at run time, with connections, breaker, cool-off and slow start of its own. */
export function createEndpoint(
  endpoint: Endpoint,
  { clock, random, breaker, slowStart, timeouts, discoverModels }: ResolvedOptions,
  { joins, openChannel, mayOpen, onBreaker }: EndpointSurroundings,
): EndpointState {
  const ramp = new SlowStart(slowStart);
  // One on standby is warm by the time that it is activated.
  if (joins && !endpoint.standby) ramp.begin(clock.now());
  const state: EndpointState = new EndpointState(endpoint, {
    clock,
    channel: openChannel(endpoint.url, { connectTimeout: timeouts.connect }),
    cooldown: new Cooldown(clock, random),
    slowStart: ramp,
    gates: gatesOf(endpoint, joins, discoverModels !== undefined),
    breaker:
      breaker === undefined
        ? disabledBreaker
        : new OpossumBreaker(breaker, {
            clock,
            random,
            mayOpen,
            onStateChange: (from, to) => {
              if (to === 'closed' && from !== 'closed') ramp.begin(clock.now());
              onBreaker(state, to);
            },
          }),
  });
  return state;
}

/** Those that a balancer starts with were there before it: their delay is over. */
function gatesOf(
  { healthPath, initialDelay, models }: Endpoint,
  joins: boolean,
  asked: boolean,
): readonly LifecycleGate[] {
  const gates: LifecycleGate[] = [];
  if (joins && initialDelay > 0) gates.push('initial-delay');
  if (healthPath !== undefined) gates.push('health');
  if (asked && models === undefined) gates.push('models');
  return gates;
}
