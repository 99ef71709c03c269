import assert from 'node:assert/strict';
import type { ScalingPolicy } from '../core/scaling.js';
import type { ConformanceRunner } from './conformance-runner.js';
import { type FakeSituation, fakeSituation } from './fake-situation.js';
import { seededRandom } from './seeded-random.js';

const SEED = 20_260_102;
/** Figures that come from broken clocks and meters. */
const ODD = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1];

/**
 * Checks what every scaling policy owes an autoscaler.
 *
 * @param name of the suite
 * @param makePolicy a fresh policy for each test
 * @example
 * import { describe, it } from 'vitest';
 * scalingConformance('myPolicy', () => myPolicy(), { describe, it });
 */
export function scalingConformance(
  name: string,
  makePolicy: () => ScalingPolicy,
  { describe, it }: ConformanceRunner,
): void {
  describe(`${name} as a scaling policy`, () => {
    it('has a name', () => {
      assert.ok(makePolicy().name.length > 0);
    });

    it('calls for a whole number of replicas, and says why, or has no opinion', () => {
      const random = seededRandom(SEED);
      const policy = makePolicy();
      for (let turn = 0, now = 0; turn < 2000; turn++, now += Math.floor(random() * 60_000))
        check(policy, anything(random, now), `turn ${turn}, seed ${SEED}`);
    });

    it('never throws, and never calls for what is no number, whatever clocks and meters say', () => {
      const policy = makePolicy();
      for (const odd of ODD) {
        for (const field of ['now', 'wallTime', 'queued', 'outstanding'] as const)
          check(policy, { desired: 3, [field]: odd }, `${field} ${odd}`);
      }
    });

    it('does not shrink the fleet for want of figures', () => {
      for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const policy = makePolicy();
        for (let now = 0; now < 3_600_000; now += 15_000) {
          const situation = { now, desired: 5, queued: odd, outstanding: odd, wallTime: Number.NaN };
          const replicas = check(policy, situation, `${odd} at ${now}`) ?? 5;
          assert.ok(replicas >= 5, `${replicas} for 5`);
        }
      }
    });

    it('decides the same again from the same past', () => {
      const run = () => {
        const random = seededRandom(SEED);
        const policy = makePolicy();
        return Array.from({ length: 500 }, (_, turn) =>
          policy.decide(fakeSituation(anything(random, turn * 15_000))),
        );
      };
      assert.deepEqual(run(), run());
    });
  });
}

function anything(random: () => number, now: number): FakeSituation {
  const desired = Math.floor(random() * 12);
  return {
    now,
    desired,
    ready: Math.floor(random() * (desired + 1)),
    queued: Math.floor(random() * 80),
    outstanding: Math.floor(random() * 200),
  };
}

function check(policy: ScalingPolicy, fields: FakeSituation, when: string): number | undefined {
  const decision = policy.decide(fakeSituation(fields));
  if (decision === undefined) return undefined;
  assert.ok(Number.isInteger(decision.replicas) && decision.replicas >= 0, `${decision.replicas}: ${when}`);
  assert.ok(decision.reason.length > 0, when);
  return decision.replicas;
}
