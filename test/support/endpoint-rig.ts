import type { Breaker, BreakerPass, BreakerState } from '../../src/core/breaker.js';
import type { EndpointChannel } from '../../src/core/transport.js';
import { Cooldown } from '../../src/state/cooldown.js';
import type { Endpoint } from '../../src/state/endpoint.js';
import { EndpointState } from '../../src/state/endpoint-state.js';
import type { QuotaGroups } from '../../src/state/lease.js';
import { SlowStart } from '../../src/state/slow-start.js';
import { type ManualClock, manualClock } from '../../src/testing/manual-clock.js';

const silentChannel: EndpointChannel = {
  send: () => ({ pause: () => {}, resume: () => {}, abort: () => {} }),
  close: async () => {},
  destroy: async () => {},
};

/** A breaker that is in whatever state it is put, and writes down what it is told. */
export class FakeBreaker implements Breaker {
  state: BreakerState = 'closed';
  reopensAt: number | undefined;
  trialFree = true;
  readonly reports: string[] = [];

  get admits(): boolean {
    return this.state === 'closed' || (this.state === 'half-open' && this.trialFree);
  }

  enter(): BreakerPass {
    return { generation: 0, trial: this.state === 'half-open' };
  }

  report(_pass: BreakerPass, verdict: string): void {
    this.reports.push(verdict);
  }

  reportLateFault(): void {
    this.reports.push('late fault');
  }

  probePassed(): void {
    this.reports.push('probe passed');
  }

  holdOpen(time: number): void {
    this.reports.push(`held until ${time}`);
  }

  dispose(): void {}
}

/** An endpoint's description with its defaults. */
export function endpointOf(id: string, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    id,
    url: `http://${id}.test`,
    basePath: '',
    weight: 1,
    tier: 0,
    maxOutstanding: Number.POSITIVE_INFINITY,
    models: undefined,
    headers: undefined,
    labels: {},
    quotaGroup: undefined,
    healthPath: undefined,
    initialDelay: 0,
    standby: false,
    metrics: [],
    ...fields,
  };
}

/** An endpoint at run time without a network; its breaker does as the test says. */
export function endpointState(
  id: string,
  fields: Partial<Endpoint> = {},
  clock: ManualClock = manualClock(),
): EndpointState & { readonly breaker: FakeBreaker } {
  const state = new EndpointState(endpointOf(id, fields), {
    clock,
    channel: silentChannel,
    breaker: new FakeBreaker(),
    cooldown: new Cooldown(clock, () => 0.5),
    slowStart: new SlowStart(false),
    gates: fields.healthPath === undefined ? [] : ['health'],
  });
  return state as EndpointState & { readonly breaker: FakeBreaker };
}

/** Nobody shares a quota. */
export const ALONE: QuotaGroups = { quotaGroup: (endpoint) => [endpoint] };
