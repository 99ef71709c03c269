/** What a tier could carry, and what it can carry now. */
export interface TierWeight {
  /** Above 0. */
  readonly weight: number;
  /** Weight of its endpoints that are up: not open, cooling off or warming. Full ones are up. */
  readonly sound: number;
}

/** A tier of which less than this is up is in panic, when all tiers together cannot carry the load. Envoy's default. */
const PANIC = 0.5;

/**
 * The part of the requests that each tier gets, as Envoy's priority levels do it. A tier's health is
 * min(1, overProvisioning x sound / weight); the first takes its health, the next as much of the rest as its own
 * health allows, and so on. 2 of 4 up at 1.4: 0.7 here, 0.3 to the next.
 *
 * Where the healths add up to less than 1 they are scaled to 1. But when every tier is in panic, health says little,
 * and the split is by weight, down ones included: so that the few that are up in a small tier are not crushed.
 *
 * @param tiers in ascending order
 * @returns shares that add up to 1; all 0 when nothing is up
 */
export function tierShares(tiers: readonly TierWeight[], overProvisioning: number): number[] {
  const health = tiers.map(({ weight, sound }) =>
    sound === 0 ? 0 : Math.min(1, (overProvisioning * sound) / weight),
  );
  const total = sum(health);
  if (total >= 1) {
    let left = 1;
    return health.map((most) => {
      const share = Math.min(most, left);
      left -= share;
      return share;
    });
  }
  if (total === 0) return health;
  const panic = tiers.every(({ weight, sound }) => sound < PANIC * weight);
  const parts = panic ? tiers.map(({ weight }) => weight) : health;
  const whole = sum(parts);
  return parts.map((part) => part / whole);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
