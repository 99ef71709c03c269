import { describe, expect, it } from 'vitest';
import { disabledBreaker } from '../../../src/state/disabled-breaker.js';
import { breakerRig } from '../../support/breaker-rig.js';

describe('a closed breaker', () => {
  it('case 19: stays closed after four faults, a success and four faults, and opens at the fifth', () => {
    const { breaker, run } = breakerRig({ minimumRequests: 100 });
    run('fault', 4);
    run('success');
    run('fault', 4);
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
    expect(breaker.admits).toBe(false);
  });

  it('case 20: counts an attempt that says nothing neither way', () => {
    const { breaker, run } = breakerRig();
    run('fault', 4);
    run('none', 20);
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('case 25: is not moved by overload: the streak of faults stands as it was', () => {
    const { breaker, run } = breakerRig();
    run('overloaded', 50);
    expect(breaker.state).toBe('closed');
    run('fault', 4);
    run('overloaded', 50);
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('opens at exactly the ratio, once there are enough results, within the same tick', () => {
    const { breaker, run } = breakerRig({ consecutiveFailures: 100 });
    run('success', 5);
    run('fault', 4);
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('stays closed below the ratio', () => {
    const { breaker, run } = breakerRig({ consecutiveFailures: 100 });
    run('success', 51);
    run('fault', 49);
    expect(breaker.state).toBe('closed');
  });

  it.each([0.07, 0.29, 0.55, 1])(
    'opens at a ratio of %s, whatever binary fractions make of it',
    (failureRatio) => {
      const { breaker, run } = breakerRig({ consecutiveFailures: 1000, failureRatio, minimumRequests: 100 });
      const faults = Math.round(failureRatio * 100);
      run('success', 100 - faults);
      run('fault', faults - 1);
      expect(breaker.state).toBe('closed');
      run('fault');
      expect(breaker.state).toBe('open');
    },
  );

  it('forgets results after the window', () => {
    const { breaker, clock, run } = breakerRig({ consecutiveFailures: 100 });
    run('fault', 9);
    clock.advance(60_000);
    run('success');
    run('fault', 1);
    expect(breaker.state).toBe('closed');
    run('fault', 8);
    expect(breaker.state).toBe('open');
  });

  it('keeps results for most of the window, slice by slice', () => {
    const { breaker, clock, run } = breakerRig({ consecutiveFailures: 100 });
    for (let slice = 0; slice < 9; slice++) {
      run('fault');
      clock.advance(5_000);
    }
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('case 33: opens on nine of nine failures though ten long streams are in flight', () => {
    const { breaker, run } = breakerRig({ consecutiveFailures: 100, minimumRequests: 9 });
    for (let stream = 0; stream < 10; stream++) breaker.enter();
    run('fault', 9);
    expect(breaker.state).toBe('open');
  });

  it('case 33: judges calls that outlast the window when they end', () => {
    const { breaker, clock } = breakerRig({ consecutiveFailures: 100, minimumRequests: 5 });
    const passes = Array.from({ length: 5 }, () => breaker.enter());
    clock.advance(10 * 60_000);
    for (const pass of passes.slice(0, 4)) breaker.report(pass, 'fault');
    expect(breaker.state).toBe('closed');
    for (const pass of passes.slice(4)) breaker.report(pass, 'fault');
    expect(breaker.state).toBe('open');
  });

  it('case 34: knows nothing of requests that were never let in: only reports count', () => {
    const { breaker } = breakerRig();
    for (let request = 0; request < 1000; request++) expect(breaker.enter().trial).toBe(false);
    expect(breaker.state).toBe('closed');
    expect(breaker.admits).toBe(true);
  });

  it('believes each pass once', () => {
    const { breaker } = breakerRig({ consecutiveFailures: 2 });
    const pass = breaker.enter();
    breaker.report(pass, 'fault');
    breaker.report(pass, 'fault');
    breaker.report({ generation: 0, trial: false }, 'fault');
    expect(breaker.state).toBe('closed');
  });
});

describe('an open breaker', () => {
  it('case 27: doubles its open time, half of it random, up to the longest, and does not grow beyond', () => {
    const { breaker, run, openTime } = breakerRig();
    run('fault', 5);
    const times = Array.from({ length: 8 }, () => {
      const time = openTime();
      run('fault');
      return time / 1000;
    });
    expect(times).toEqual([5, 7.5, 15, 30, 60, 120, 120, 120]);
    expect(breaker.state).toBe('open');
  });

  it.each([
    [0, [5, 5, 10, 20, 40, 80, 80]],
    [1 - 2 ** -32, [5, 10, 20, 40, 80, 120, 120]],
  ])('[27] draws within the half above the fixed half (random %s)', (random, seconds) => {
    const { run, openTime } = breakerRig({ random: () => random });
    run('fault', 5);
    for (const expected of seconds) {
      expect(openTime() / 1000).toBeCloseTo(expected, 5);
      run('fault');
    }
  });

  it('case 27: takes one doubling back for each window of closed life', () => {
    const { clock, run, openTime } = breakerRig();
    run('fault', 5);
    for (let opening = 0; opening < 3; opening++) {
      openTime();
      run('fault');
    }
    // Four openings: the next would be 60 s long.
    openTime();
    run('success');
    clock.advance(2 * 60_000 + 59_999);
    run('fault', 5);
    expect(openTime()).toBe(15_000);
    run('success');
    clock.advance(100 * 60_000);
    run('fault', 5);
    expect(openTime()).toBe(5_000);
  });

  it('earns no more doublings than its longest time needs, so that health takes them back as soon', () => {
    const { clock, run, openTime } = breakerRig({ openFor: 5_000, maxOpenFor: 20_000 });
    run('fault', 5);
    for (let opening = 0; opening < 6; opening++) {
      openTime();
      run('fault');
    }
    openTime();
    run('success');
    // One window of health: from 10..20 s back to 5..10 s.
    clock.advance(60_000);
    run('fault', 5);
    expect(openTime()).toBe(7_500);
  });

  it('stays open exactly `openFor` each time when that is the longest: nginx fail_timeout', () => {
    const { breaker, run, openTime } = breakerRig({
      consecutiveFailures: 3,
      openFor: 30_000,
      maxOpenFor: 30_000,
    });
    run('fault', 3);
    for (let opening = 0; opening < 3; opening++) {
      expect(breaker.state).toBe('open');
      expect(openTime()).toBe(30_000);
      run('fault');
    }
  });

  it('turns half-open by the clock alone', () => {
    const { breaker, clock, changes, run } = breakerRig();
    run('fault', 5);
    expect(breaker.reopensAt).toBe(5_000);
    clock.advance(4_999);
    expect(breaker.state).toBe('open');
    clock.advance(1);
    expect(breaker.state).toBe('half-open');
    expect(breaker.reopensAt).toBeUndefined();
    expect(changes).toEqual(['closed → open', 'open → half-open']);
  });

  it('case 29: is opened once by a failure delivered twice, and ignores failures that come late', () => {
    const { breaker, changes, run } = breakerRig();
    const late = Array.from({ length: 10 }, () => breaker.enter());
    run('fault', 5);
    const until = breaker.reopensAt;
    for (const pass of [...late, ...late]) breaker.report(pass, 'fault');
    expect(breaker.reopensAt).toBe(until);
    expect(changes).toEqual(['closed → open']);
  });

  it('is not moved by requests that the pool sends while failing open', () => {
    const { breaker, run } = breakerRig();
    run('fault', 5);
    const until = breaker.reopensAt;
    run('success', 20);
    run('fault', 20);
    expect(breaker.state).toBe('open');
    expect(breaker.reopensAt).toBe(until);
  });
});

describe('a half-open breaker', () => {
  function halfOpen(options = {}) {
    const rig = breakerRig(options);
    rig.run('fault', 5);
    rig.openTime();
    expect(rig.breaker.state).toBe('half-open');
    rig.changes.length = 0;
    return rig;
  }

  it('case 22: admits exactly one of a hundred at once', () => {
    const { breaker } = halfOpen();
    const admitted = Array.from({ length: 100 }, () => breaker.admits && breaker.enter().trial);
    expect(admitted.filter(Boolean)).toHaveLength(1);
    expect(breaker.state).toBe('half-open');
  });

  it('is not moved by one that passed beside a trial, after that trial has said nothing', () => {
    const { breaker } = halfOpen();
    const [trial, beside] = [breaker.enter(), breaker.enter()];
    breaker.report(trial, 'none');
    breaker.report(beside, 'success');
    expect([breaker.state, breaker.admits]).toEqual(['half-open', true]);
  });

  it('case 21: gives the place to another when the trial says nothing', () => {
    const { breaker, run } = halfOpen();
    run('none');
    expect(breaker.state).toBe('half-open');
    expect(breaker.admits).toBe(true);
    expect(breaker.enter().trial).toBe(true);
  });

  it('closes with an empty window when the trial succeeds', () => {
    const { breaker, changes, run } = halfOpen();
    run('success');
    expect(changes).toEqual(['half-open → closed']);
    run('success', 5);
    run('fault', 4);
    expect(breaker.state).toBe('closed');
  });

  it('closes when the trial is answered with overload: it lives', () => {
    const { breaker, run } = halfOpen();
    run('overloaded');
    expect(breaker.state).toBe('closed');
  });

  it('opens again, for longer, when the trial fails', () => {
    const { breaker, clock, run } = halfOpen();
    run('fault');
    expect(breaker.state).toBe('open');
    expect((breaker.reopensAt ?? 0) - clock.now()).toBe(7_500);
  });

  it('case 23: is not closed by a success that began before it opened', () => {
    const { breaker, run, openTime } = breakerRig();
    const early = [breaker.enter(), breaker.enter()];
    run('fault', 5);
    for (const pass of early.slice(0, 1)) breaker.report(pass, 'success');
    expect(breaker.state).toBe('open');
    openTime();
    breaker.enter();
    for (const pass of early.slice(1)) breaker.report(pass, 'success');
    expect(breaker.state).toBe('half-open');
    expect(breaker.admits).toBe(false);
  });

  it('case 23: is not opened by a fault that began before, nor by one that is not the trial', () => {
    const { breaker, run, openTime } = breakerRig();
    const early = breaker.enter();
    run('fault', 5);
    openTime();
    breaker.report(early, 'fault');
    expect(breaker.state).toBe('half-open');
    const trial = breaker.enter();
    run('fault', 3);
    run('success', 3);
    expect(breaker.state).toBe('half-open');
    breaker.report(trial, 'success');
    expect(breaker.state).toBe('closed');
  });

  it('case 23: is, once closed, not moved by what began before it opened', () => {
    const { breaker, run, openTime } = breakerRig();
    const early = Array.from({ length: 20 }, () => breaker.enter());
    run('fault', 5);
    openTime();
    run('success');
    for (const pass of early) breaker.report(pass, 'fault');
    expect(breaker.state).toBe('closed');
  });

  it('case 24: opens again when the trial has not ended by its deadline', () => {
    const { breaker, clock, changes } = halfOpen({ trialTimeout: 10_000 });
    const trial = breaker.enter();
    clock.advance(9_999);
    expect(breaker.state).toBe('half-open');
    clock.advance(1);
    expect(breaker.state).toBe('open');
    breaker.report(trial, 'success');
    expect(breaker.state).toBe('open');
    expect(changes).toEqual(['half-open → open']);
  });

  it('case 24: counts the open time from the deadline, however late anybody looks', () => {
    const { breaker, clock, changes } = halfOpen({ trialTimeout: 10_000 });
    breaker.enter();
    clock.advance(10_000 + 7_500);
    expect(breaker.admits).toBe(true);
    expect(changes).toEqual(['half-open → open', 'open → half-open']);
  });
});

describe('a stream that fails after its first content', () => {
  it('case 35: counts as one fault; the same stream twice, or one that the caller left, as none', () => {
    const { breaker, run } = breakerRig({ minimumRequests: 100 });
    const streams = Array.from({ length: 2 }, () => breaker.enter());
    for (const stream of streams) breaker.report(stream, 'success');
    run('fault', 3);
    const [failing, left] = streams;
    if (failing) {
      breaker.reportLateFault(failing);
      breaker.reportLateFault(failing);
    }
    if (left) breaker.report(left, 'none');
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('takes its success back: one token and a hang, five times over, opens', () => {
    const { breaker } = breakerRig({ minimumRequests: 100 });
    const oneToken = () => {
      const pass = breaker.enter();
      breaker.report(pass, 'success');
      breaker.reportLateFault(pass);
    };
    for (let stream = 0; stream < 4; stream++) oneToken();
    expect(breaker.state).toBe('closed');
    oneToken();
    expect(breaker.state).toBe('open');
  });

  it('does not bring back faults that other successes have answered since', () => {
    const { breaker, run } = breakerRig({ minimumRequests: 100 });
    run('fault', 4);
    const pass = breaker.enter();
    breaker.report(pass, 'success');
    run('success');
    breaker.reportLateFault(pass);
    run('fault', 3);
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('re-opens with two more faults when it was the trial', () => {
    const { breaker, run, openTime } = breakerRig({ minimumRequests: 100 });
    run('fault', 5);
    openTime();
    const trial = breaker.enter();
    breaker.report(trial, 'success');
    run('success', 3);
    breaker.reportLateFault(trial);
    run('fault');
    expect(breaker.state).toBe('closed');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('is ignored when the breaker has opened since it began', () => {
    const { breaker, run, openTime } = breakerRig({ minimumRequests: 100 });
    const [whileOpen, whileHalfOpen, ...whileClosed] = Array.from({ length: 10 }, () => breaker.enter());
    const streams = [whileOpen, whileHalfOpen, ...whileClosed].filter((pass) => pass !== undefined);
    for (const pass of streams) breaker.report(pass, 'success');
    run('fault', 5);
    if (whileOpen) breaker.reportLateFault(whileOpen);
    openTime();
    if (whileHalfOpen) breaker.reportLateFault(whileHalfOpen);
    run('success');
    for (const pass of whileClosed) breaker.reportLateFault(pass);
    expect(breaker.state).toBe('closed');
  });

  it('counts only where a success had been reported', () => {
    const { breaker, run } = breakerRig();
    run('fault', 4);
    breaker.reportLateFault(breaker.enter());
    const refused = breaker.enter();
    breaker.report(refused, 'overloaded');
    breaker.reportLateFault(refused);
    expect(breaker.state).toBe('closed');
  });
});

describe('a breaker that is switched off', () => {
  it('admits everything, whatever happens', () => {
    for (let attempt = 0; attempt < 100; attempt++) disabledBreaker.report(disabledBreaker.enter(), 'fault');
    expect(disabledBreaker).toMatchObject({ state: 'closed', admits: true, reopensAt: undefined });
    expect(disabledBreaker.enter().trial).toBe(false);
  });
});
