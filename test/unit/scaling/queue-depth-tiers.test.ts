import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.js';
import { type QueueDepthTiersOptions, queueDepthTiers } from '../../../src/scaling/queue-depth-tiers.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';

function replicasAt(depths: readonly number[], options?: QueueDepthTiersOptions): (number | undefined)[] {
  const policy = queueDepthTiers(options);
  return depths.map((queued) => policy.decide(fakeSituation({ queued }))?.replicas);
}

describe('queueDepthTiers', () => {
  it('calls for 2 below 5, for 4 from 5 to 20, for 8 above 20 and for 10 above 50', () => {
    expect(replicasAt([0, 4, 5, 20, 21, 50, 51, 1000])).toEqual([2, 2, 4, 4, 8, 8, 10, 10]);
  });

  it('puts fractions on the side of the edge where they belong', () => {
    expect(replicasAt([4.9, 20.1, 50.1])).toEqual([2, 8, 10]);
  });

  it('follows a table of one’s own, also one that is above and from the same depth', () => {
    const tiers = [
      { from: 0, replicas: 0 },
      { above: 0, replicas: 1 },
      { from: 100, replicas: 7 },
    ];
    expect(replicasAt([0, 0.5, 1, 99, 100], { tiers })).toEqual([0, 1, 1, 1, 7]);
  });

  it('asks for the depth elsewhere when told so', () => {
    const policy = queueDepthTiers({ depth: ({ balancer }) => balancer.queuedByModel['llama-3.1-8b'] });
    const situation = fakeSituation({ queued: 99 });
    const balancer = { ...situation.balancer, queuedByModel: { 'llama-3.1-8b': 30 } };
    expect(policy.decide({ ...situation, balancer })).toEqual({
      replicas: 8,
      reason: 'queue depth 30 is above 20',
    });
    expect(policy.decide(situation)).toBeUndefined();
  });

  it('has no opinion of a depth that is no depth', () => {
    expect(replicasAt([Number.NaN, -1])).toEqual([undefined, undefined]);
  });

  it.each<[string, unknown]>([
    ['queueDepthTiers.nonsense', { nonsense: 1 }],
    ['queueDepthTiers.depth', { depth: 5 }],
    ['queueDepthTiers.tiers', { tiers: [] }],
    ['queueDepthTiers.tiers[0]', { tiers: [{ from: 1, replicas: 2 }] }],
    ['queueDepthTiers.tiers[0]', { tiers: [{ above: 0, replicas: 2 }] }],
    ['queueDepthTiers.tiers[0]', { tiers: [{ replicas: 2 }] }],
    ['queueDepthTiers.tiers[0]', { tiers: [{ from: 0, above: 0, replicas: 2 }] }],
    ['queueDepthTiers.tiers[0].replicas', { tiers: [{ from: 0, replicas: 1.5 }] }],
    ['queueDepthTiers.tiers[0].replicas', { tiers: [{ from: 0 }] }],
    [
      'queueDepthTiers.tiers[1].above',
      {
        tiers: [
          { from: 0, replicas: 1 },
          { above: Number.NaN, replicas: 2 },
        ],
      },
    ],
    [
      'queueDepthTiers.tiers[1]',
      {
        tiers: [
          { from: 0, replicas: 1 },
          { from: 0, replicas: 2 },
        ],
      },
    ],
    [
      'queueDepthTiers.tiers[2]',
      {
        tiers: [
          { from: 0, replicas: 1 },
          { above: 5, replicas: 2 },
          { from: 5, replicas: 3 },
        ],
      },
    ],
  ])('refuses a bad `%s`', (option, options) => {
    const build = () => queueDepthTiers(options as QueueDepthTiersOptions);
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});
