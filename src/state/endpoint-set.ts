import type { Clock, Random } from '../core/clock.js';
import type { InferenceRequest } from '../core/inference-request.js';
import type { SampleRule } from '../core/policy.js';
import { WeightedDraw } from '../core/weighted-draw.js';
import { type Availability, findCandidates } from './availability.js';
import { drawCandidates } from './draw-candidates.js';
import { ejectionLimit } from './ejection-limit.js';
import type { Endpoint } from './endpoint.js';
import type { EndpointState } from './endpoint-state.js';

export interface EndpointSetTerms {
  readonly clock: Clock;
  readonly random: Random;
  readonly overProvisioning: number;
  readonly failOpen: boolean;
  readonly maxOpenRatio: number;
  /** Makes the run-time face of a new endpoint. `joins` is false for those the balancer starts with. */
  create(endpoint: Endpoint, joins: boolean): EndpointState;
  /** The endpoint has left the set; its streams may still run. */
  removed(endpoint: EndpointState): void;
}

/** The endpoints of a balancer. Those that stay through an update keep their counters, breakers and connections. */
export class EndpointSet {
  readonly #terms: EndpointSetTerms;
  /** In ascending order of tier; replaced, never changed, so that a reader's array stays as it was. */
  #members: readonly EndpointState[];
  /** Over the members' weights, where they are of one tier; made when it is needed. */
  #draw: { readonly of: readonly EndpointState[]; readonly draw: WeightedDraw | undefined } | undefined;
  /** A source has not told its first list yet. */
  awaited = false;

  constructor(endpoints: readonly Endpoint[], terms: EndpointSetTerms) {
    this.#terms = terms;
    this.#members = byTier(endpoints.map((endpoint) => terms.create(endpoint, false)));
  }

  get members(): readonly EndpointState[] {
    return this.#members;
  }

  get(id: string): EndpointState | undefined {
    return this.#members.find((member) => member.id === id);
  }

  get outstanding(): number {
    let sum = 0;
    for (const member of this.#members) sum += member.outstanding;
    return sum;
  }

  /** @param rule a few candidates will do, where there are many endpoints of one tier */
  find(request: InferenceRequest, only: readonly string[] | undefined, rule?: SampleRule): Availability {
    if (this.awaited) return { kind: 'undiscovered' };
    const { clock, random, failOpen, overProvisioning } = this.#terms;
    const terms = { now: clock.now(), random, failOpen, overProvisioning, only };
    if (rule !== undefined && this.#members.length > rule.above && only === undefined) {
      const draw = this.#weightedDraw();
      const drawn = draw && drawCandidates({ endpoints: this.#members, draw }, { request, rule }, terms);
      if (drawn !== undefined) return { kind: 'ready', candidates: drawn, untried: drawn.length };
    }
    return findCandidates(this.#members, request, terms);
  }

  /** May one more breaker open? */
  mayOpen(): boolean {
    let out = 0;
    let ready = 0;
    for (const { breaker, phase } of this.#members) {
      if (phase !== 'warming' && phase !== 'standby') ready++;
      if (breaker.state === 'open' || breaker.state === 'half-open') out++;
    }
    return out < ejectionLimit(ready, this.#terms.maxOpenRatio);
  }

  /** The endpoint and all that share its quota. */
  quotaGroup(endpoint: EndpointState): Iterable<EndpointState> {
    const group = endpoint.quotaGroup;
    return group === undefined ? [endpoint] : this.#members.filter((member) => member.quotaGroup === group);
  }

  /** Milliseconds until the clock alone may make some endpoint available; `undefined` if it will not. */
  get soonestChange(): number | undefined {
    const now = this.#terms.clock.now();
    let soonest: number | undefined;
    for (const member of this.#members) {
      for (const wait of [member.cooldown.remaining(now), (member.breaker.reopensAt ?? now) - now]) {
        if (wait > 0 && (soonest === undefined || wait < soonest)) soonest = wait;
      }
    }
    return soonest;
  }

  /**
   * Makes the set be these. An id with another url is another endpoint.
   *
   * @param revive those that stay and drain take requests again
   */
  update(endpoints: readonly Endpoint[], revive = true): void {
    this.awaited = false;
    const before = new Map(this.#members.map((member) => [member.id, member]));
    const loaded = this.#members.length > 0;
    const after = endpoints.map((endpoint) => {
      const member = before.get(endpoint.id);
      if (member === undefined || member.url !== endpoint.url) return this.#terms.create(endpoint, loaded);
      before.delete(endpoint.id);
      member.describe(endpoint);
      if (revive) member.lifecycle.drain(false);
      return member;
    });
    this.#members = byTier(after);
    for (const gone of before.values()) this.#leave(gone);
  }

  add(endpoint: Endpoint): void {
    this.awaited = false;
    this.#members = byTier([...this.#members, this.#terms.create(endpoint, this.#members.length > 0)]);
  }

  remove(endpoint: EndpointState): void {
    this.#members = this.#members.filter((member) => member !== endpoint);
    this.#leave(endpoint);
  }

  /** `undefined` where there are several tiers: which of them is to be used depends on all endpoints. */
  #weightedDraw(): WeightedDraw | undefined {
    const members = this.#members;
    if (this.#draw?.of !== members) {
      const oneTier = members.at(0)?.tier === members.at(-1)?.tier;
      const draw = oneTier ? new WeightedDraw(members.map(({ weight }) => weight)) : undefined;
      this.#draw = { of: members, draw };
    }
    return this.#draw.draw;
  }

  #leave(endpoint: EndpointState): void {
    endpoint.lifecycle.leave();
    this.#terms.removed(endpoint);
  }
}

function byTier(members: EndpointState[]): readonly EndpointState[] {
  return members.sort((one, other) => one.tier - other.tier);
}
