import type { BalancerSnapshot } from '../../core/snapshot.js';
import type { Engine } from '../engine/engine.js';
import { shownUrl } from '../options/shown-url.js';

/** The balancer as plain JSON. */
export function takeSnapshot({ endpoints, admission, closed, clock }: Engine): BalancerSnapshot {
  const now = clock.now();
  const members = endpoints.members.map((member) => ({
    id: member.id,
    url: shownUrl(member.url),
    weight: member.weight,
    tier: member.tier,
    outstanding: member.outstanding,
    maxOutstanding: Number.isFinite(member.maxOutstanding) ? member.maxOutstanding : null,
    available: member.available,
    state: member.state,
    reopensIn: left(member.breaker.reopensAt, now),
    coolsOffFor: member.cooldown.remaining(now) || undefined,
    latency: {
      firstToken: member.latency.firstToken,
      response: member.latency.response,
      tokenInterval: member.latency.tokenInterval,
    },
    pendingPrompt: member.pendingPrompt,
    prefillRate: member.prefillRate,
    load: member.load,
  }));
  return {
    queued: admission.queued,
    queuedByModel: admission.queuedByModel,
    outstanding: endpoints.outstanding,
    available: members.filter((member) => member.available).length,
    closed,
    endpoints: members,
  };
}

function left(until: number | undefined, now: number): number | undefined {
  return until === undefined ? undefined : Math.max(0, until - now);
}
