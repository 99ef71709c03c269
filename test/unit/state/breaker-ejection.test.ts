import { describe, expect, it } from 'vitest';
import { ejectionLimit } from '../../../src/state/ejection-limit.js';
import type { OpossumBreaker } from '../../../src/state/opossum-breaker.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { breakerRig } from '../../support/breaker-rig.js';

/** Breakers under one ejection limit, as a balancer has them: the count is taken, not kept. */
function pool(size: number, maxOpenRatio = 0.5) {
  const clock = manualClock();
  const members = new Set<OpossumBreaker>();
  const open = () => [...members].filter(({ state }) => state === 'open').length;
  const mayOpen = () => open() < ejectionLimit(members.size, maxOpenRatio);
  const rigs = Array.from({ length: size }, () => breakerRig({ clock, mayOpen }));
  for (const { breaker } of rigs) members.add(breaker);
  const states = () => rigs.map(({ breaker }) => breaker.state);
  return { clock, members, rigs, states };
}

describe('the ejection limit', () => {
  it.each([
    [0, 0.5, 0],
    [1, 1, 0],
    [2, 0.1, 1],
    [3, 0.5, 1],
    [4, 0.5, 2],
    [10, 0.7, 7],
    [100, 0.29, 29],
    [5, 1, 5],
  ])('[28] of %i endpoints at %f is %i', (endpoints, ratio, limit) => {
    expect(ejectionLimit(endpoints, ratio)).toBe(limit);
  });

  it('case 28: opens one of three that all fail; the others become suspects', () => {
    const { rigs, states } = pool(3);
    for (const { run } of rigs) run('fault', 5);
    expect(states()).toEqual(['open', 'suspect', 'suspect']);
  });

  it('case 28: never ejects the only endpoint', () => {
    const { rigs, states } = pool(1);
    for (const { run } of rigs) run('fault', 50);
    expect(states()).toEqual(['suspect']);
  });

  it('gives a suspect the timing of an open breaker: half-open, trial, closed', () => {
    const { clock, rigs } = pool(1);
    for (const { breaker, run } of rigs) {
      run('fault', 5);
      expect(breaker).toMatchObject({ state: 'suspect', admits: false, reopensAt: 5_000 });
      clock.advance(5_000);
      expect(breaker).toMatchObject({ state: 'half-open', admits: true });
      run('fault');
      expect(breaker).toMatchObject({ state: 'suspect', reopensAt: 12_500 });
      clock.advance(7_500);
      run('success');
      expect(breaker.state).toBe('closed');
    }
  });

  it('asks the limit again at each opening', () => {
    const { clock, rigs, states } = pool(2);
    for (const { run } of rigs) run('fault', 5);
    expect(states()).toEqual(['open', 'suspect']);
    clock.advance(5_000);
    for (const { run } of [...rigs].reverse()) run('fault');
    expect(states()).toEqual(['suspect', 'open']);
  });

  it('case 30: counts right when an open endpoint is removed', () => {
    const { members, rigs, states } = pool(4);
    const [first, second, third] = rigs;
    first?.run('fault', 5);
    second?.run('fault', 5);
    for (const gone of rigs.slice(0, 1)) {
      gone.breaker.dispose();
      members.delete(gone.breaker);
    }
    // One of three is open, and one of three may be.
    third?.run('fault', 5);
    expect(states().slice(1)).toEqual(['open', 'suspect', 'closed']);
  });

  it('case 30: hears nothing from leases of an endpoint that was removed while they were out', () => {
    const { rigs } = pool(2);
    for (const { breaker, changes } of rigs) {
      const passes = Array.from({ length: 10 }, () => breaker.enter());
      breaker.dispose();
      for (const pass of passes) breaker.report(pass, 'fault');
      expect(changes).toEqual([]);
    }
  });

  it('case 30: hears nothing from the trial of an endpoint that was removed meanwhile', () => {
    const { breaker, changes, run, openTime } = breakerRig();
    run('fault', 5);
    openTime();
    const trial = breaker.enter();
    breaker.dispose();
    breaker.report(trial, 'success');
    expect(changes).toEqual(['closed → open', 'open → half-open']);
  });
});
