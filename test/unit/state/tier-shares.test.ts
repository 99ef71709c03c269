import { describe, expect, it } from 'vitest';
import { tierShares } from '../../../src/state/tier-shares.js';

/** Shares of tiers given as sound of all, rounded to a millionth. */
const shares = (tiers: readonly [number, number][], overProvisioning = 1.4) =>
  tierShares(
    tiers.map(([sound, weight]) => ({ sound, weight })),
    overProvisioning,
  ).map((share) => Math.round(share * 1e6) / 1e6);

describe('tierShares', () => {
  // Envoy, load_balancer_impl_test OverProvisioningFactor and GentleFailover.
  it.each<[string, [number, number][], number[]]>([
    [
      'case 45: 2 of 4 up gives 70/30',
      [
        [2, 4],
        [4, 4],
      ],
      [0.7, 0.3],
    ],
    [
      'case 45: 1 of 4 up in both is panic in both: by host count, 50/50',
      [
        [1, 4],
        [1, 4],
      ],
      [0.5, 0.5],
    ],
    [
      'case 45: in panic, by host count and not by health',
      [
        [2, 8],
        [1, 4],
      ],
      [0.666667, 0.333333],
    ],
    [
      'all up: everything stays',
      [
        [4, 4],
        [4, 4],
      ],
      [1, 0],
    ],
    [
      '3 of 4 up: 1.05, so everything stays',
      [
        [3, 4],
        [4, 4],
      ],
      [1, 0],
    ],
    [
      'nothing up: everything goes',
      [
        [0, 4],
        [4, 4],
      ],
      [0, 1],
    ],
    [
      'the third takes what two cannot',
      [
        [1, 4],
        [1, 4],
        [4, 4],
      ],
      [0.35, 0.35, 0.3],
    ],
    [
      '2 of 5 and 2 of 4: 0.56, then the rest, which 0.7 covers',
      [
        [2, 5],
        [2, 4],
      ],
      [0.56, 0.44],
    ],
    [
      '1 of 4 and 2 of 4 carry all of it: 0.35 and 0.65',
      [
        [1, 4],
        [2, 4],
      ],
      [0.35, 0.65],
    ],
    [
      'too few up, but one tier is not in panic: scaled to 1',
      [
        [1, 10],
        [3, 5],
      ],
      [0.142857, 0.857143],
    ],
    [
      'a tier of which exactly half is up is not in panic: scaled to 1',
      [
        [2, 4],
        [1, 10],
      ],
      [0.833333, 0.166667],
    ],
    [
      'a tier with nothing up counts as one in panic',
      [
        [0, 4],
        [1, 4],
      ],
      [0.5, 0.5],
    ],
    [
      'nothing up anywhere: no shares',
      [
        [0, 4],
        [0, 4],
      ],
      [0, 0],
    ],
    ['one tier alone', [[1, 4]], [1]],
  ])('%s', (_, tiers, expected) => {
    expect(shares(tiers)).toEqual(expected);
  });

  it('goes by weight, not by number', () => {
    // One of weight 3 is up, one of weight 1 is not: 1.4 x 3/4 is more than 1.
    expect(
      shares([
        [3, 4],
        [1, 1],
      ]),
    ).toEqual([1, 0]);
    expect(
      shares([
        [1, 4],
        [1, 1],
      ]),
    ).toEqual([0.35, 0.65]);
  });

  it('keeps everything while one is up when over-provisioning is infinite, and half when it is 1', () => {
    expect(
      shares(
        [
          [1, 100],
          [1, 1],
        ],
        Number.POSITIVE_INFINITY,
      ),
    ).toEqual([1, 0]);
    expect(
      shares(
        [
          [0, 100],
          [1, 1],
        ],
        Number.POSITIVE_INFINITY,
      ),
    ).toEqual([0, 1]);
    expect(
      shares(
        [
          [2, 4],
          [1, 1],
        ],
        1,
      ),
    ).toEqual([0.5, 0.5]);
  });

  it('adds up to 1 whatever is up', () => {
    for (let first = 0; first <= 4; first++) {
      for (let second = 0; second <= 4; second++) {
        for (let third = first + second === 0 ? 1 : 0; third <= 4; third++) {
          const total = tierShares(
            [first, second, third].map((sound) => ({ sound, weight: 4 })),
            1.4,
          ).reduce((sum, share) => sum + share, 0);
          expect(total, `${first}/4, ${second}/4, ${third}/4`).toBeCloseTo(1, 12);
        }
      }
    }
  });
});
