import type { BalancerSnapshot } from '../core/snapshot.js';
import type { Engine } from './engine.js';

/** The balancer as plain JSON. */
export function takeSnapshot({ endpoints, admission, closed }: Engine): BalancerSnapshot {
  const members = endpoints.members.map((member) => ({
    id: member.id,
    url: member.url,
    weight: member.weight,
    tier: member.tier,
    outstanding: member.outstanding,
    maxOutstanding: Number.isFinite(member.maxOutstanding) ? member.maxOutstanding : null,
    available: member.available,
    state: member.state,
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
