/** At most this much change within a period. */
export interface HorizontalPolicy {
  readonly type: 'Pods' | 'Percent';
  /** Pods, or per cent of the replicas at the beginning of the period. Integer above 0. */
  readonly value: number;
  /** 1 to 1800. */
  readonly periodSeconds: number;
}

/** Rules of one direction, named as in `autoscaling/v2`. */
export interface HorizontalRules {
  /** Recommendations of this long are looked back at; the most cautious counts. 0 to 3600. */
  readonly stabilizationWindowSeconds?: number;
  /** Which policy counts: that of the greatest change, of the least, or no change at all. Default `Max`. */
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled';
  /** Limits of how far one step goes. */
  readonly policies?: readonly HorizontalPolicy[];
  /** How far the ratio may be from 1 before anything changes. Default: the option `tolerance`. */
  readonly tolerance?: number;
}

/** As `spec.behavior` of a HorizontalPodAutoscaler: the same object serves here and in a manifest. */
export interface HorizontalBehavior {
  /** Default: window 0, 4 pods or 100 % in 15 s, whichever is more. */
  readonly scaleUp?: HorizontalRules;
  /** Default: window 300, 100 % in 15 s. */
  readonly scaleDown?: HorizontalRules;
}

/** Rules with nothing left open. Times in ms. */
export interface DirectionRules {
  readonly window: number;
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly HorizontalPolicy[];
}

const LONGEST_PERIOD = 1_800_000;

/** Replicas added or taken away, and when: what the pace is reckoned from. */
export class ReplicaChanges {
  #list: readonly { readonly at: number; readonly added: number }[] = [];

  add(added: number, now: number): void {
    this.#list = [...this.#list.filter(({ at }) => at > now - LONGEST_PERIOD), { at: now, added }];
  }

  /** Replicas added, less those taken away, strictly within the last `period` ms. */
  within(period: number, now: number): number {
    return this.#list.filter(({ at }) => at > now - period).reduce((total, { added }) => total + added, 0);
  }
}

/** Most replicas that the policies allow now. */
export function growthLimit(
  current: number,
  now: number,
  changes: ReplicaChanges,
  rules: DirectionRules,
): number {
  if (rules.select === 'Disabled') return current;
  const limits = rules.policies.map(({ type, value, periodSeconds }) => {
    const start = current - changes.within(periodSeconds * 1000, now);
    // In this order: 100 x (1 + 10/100) is 110.00000000000001, and 111 replicas, here as in Go.
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return Math.max(current, rules.select === 'Min' ? Math.min(...limits) : Math.max(...limits));
}

/** Fewest replicas that the policies allow now. */
export function shrinkLimit(
  current: number,
  now: number,
  changes: ReplicaChanges,
  rules: DirectionRules,
): number {
  if (rules.select === 'Disabled') return current;
  const limits = rules.policies.map(({ type, value, periodSeconds }) => {
    const start = current - changes.within(periodSeconds * 1000, now);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
  });
  // `Max` is the greatest change, so the fewest replicas.
  return Math.min(current, rules.select === 'Min' ? Math.max(...limits) : Math.min(...limits));
}
