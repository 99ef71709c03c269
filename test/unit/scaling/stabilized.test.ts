import { describe, expect, it } from 'vitest';
import type { ScalingPolicy } from '../../../src/core/scaling.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { maxOf } from '../../../src/scaling/max-of.js';
import { type StabilizedOptions, stabilized } from '../../../src/scaling/stabilized.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';

/** A policy that calls for what it is told to. */
function told(): ScalingPolicy & { replicas: number | undefined } {
  return {
    name: 'told',
    replicas: undefined,
    decide() {
      return this.replicas === undefined ? undefined : { replicas: this.replicas, reason: 'told' };
    },
  };
}

/** Follows `stabilized`, carrying out what it decides. */
function follow(options: StabilizedOptions | undefined, start: number) {
  const inner = told();
  const policy = stabilized(inner, options);
  let desired = start;
  return (seconds: number, called: number | undefined): number => {
    inner.replicas = called;
    desired = policy.decide(fakeSituation({ now: seconds * 1000, desired }))?.replicas ?? desired;
    return desired;
  };
}

describe('stabilized', () => {
  it('grows at once and shrinks when nothing higher has been called for in 300 s', () => {
    const at = follow(undefined, 2);
    expect([at(0, 2), at(15, 8)]).toEqual([2, 8]);
    expect([at(30, 2), at(200, 5), at(314, 2), at(315, 2)]).toEqual([8, 8, 8, 5]);
    expect([at(499, 2), at(500, 2)]).toEqual([5, 2]);
  });

  it('waits before it grows too, when told so', () => {
    const at = follow({ up: 60_000 }, 2);
    expect([at(0, 6), at(30, 4), at(60, 6), at(89, 6), at(90, 6)]).toEqual([2, 2, 4, 4, 6]);
  });

  it('does not shrink at once when it has just been made, nor after a time without data', () => {
    const at = follow(undefined, 8);
    expect([at(0, 2), at(299, 2), at(300, 2)]).toEqual([8, 8, 2]);
    expect(at(315, 9)).toBe(9);
    for (let seconds = 330; seconds < 1000; seconds += 15) expect(at(seconds, undefined)).toBe(9);
    expect([at(1000, 2), at(1299, 2), at(1300, 2)]).toEqual([9, 9, 2]);
  });

  it('does not take a time in which nobody asked for calm', () => {
    const at = follow(undefined, 8);
    expect([at(0, 8), at(5000, 2), at(5299, 2), at(5300, 2)]).toEqual([8, 8, 8, 2]);
  });

  it('stands still while the clock goes back', () => {
    const at = follow(undefined, 8);
    expect([at(1000, 8), at(10, 2), at(Number.NaN, 2), at(1299, 2), at(1301, 2)]).toEqual([8, 8, 8, 8, 2]);
  });

  it('says so when it holds back', () => {
    const inner = told();
    const policy = stabilized(inner);
    inner.replicas = 2;
    expect(policy.decide(fakeSituation({ desired: 5 }))?.reason).toMatch(/^told; held at 5/);
    expect(policy.name).toBe('stabilized(told)');
  });

  it.each<[string, () => unknown]>([
    ['stabilized.up', () => stabilized(told(), { up: -1 })],
    ['stabilized.down', () => stabilized(told(), { down: Number.POSITIVE_INFINITY })],
    ['stabilized.policy', () => stabilized({} as ScalingPolicy)],
    ['stabilized.nonsense', () => stabilized(told(), { nonsense: 1 } as StabilizedOptions)],
    ['maxOf', () => maxOf()],
    ['maxOf[1]', () => maxOf(told(), {} as ScalingPolicy)],
  ])('refuses a bad `%s`', (option, build) => {
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});

describe('maxOf', () => {
  function most(desired: number, ...calls: readonly (number | undefined)[]): number | undefined {
    const policies = calls.map((replicas) => Object.assign(told(), { replicas }));
    return maxOf(...policies).decide(fakeSituation({ desired }))?.replicas;
  }

  it('follows the policy that calls for most', () => {
    expect(most(3, 4, 6, 2)).toBe(6);
    expect(most(8, 4, 6, 2)).toBe(6);
  });

  it('grows, and does not shrink, while one of them has no opinion', () => {
    expect(most(3, 6, undefined)).toBe(6);
    expect(most(8, 6, undefined)).toBeUndefined();
    expect(most(8, 6, Number.NaN)).toBeUndefined();
    expect(most(3, undefined, undefined)).toBeUndefined();
  });
});
