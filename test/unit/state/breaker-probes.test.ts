import { describe, expect, it } from 'vitest';
import { disabledBreaker } from '../../../src/state/disabled-breaker.js';
import { breakerRig } from '../../support/breaker-rig.js';

describe('a breaker whose endpoint is probed', () => {
  it('becomes half-open, not closed, when health is good before its time', () => {
    const { breaker, changes, run } = breakerRig();
    run('fault', 5);
    breaker.probePassed();
    expect(breaker.state).toBe('half-open');
    expect(breaker.admits).toBe(true);
    run('success');
    expect(breaker.state).toBe('closed');
    expect(changes).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
  });

  it('lets one trial through after good health, as after its own time', () => {
    const { breaker, run } = breakerRig();
    run('fault', 5);
    breaker.probePassed();
    breaker.enter();
    expect(breaker.admits).toBe(false);
  });

  it('opens again when the trial fails, and does not believe good health until a trial has succeeded', () => {
    const { breaker, clock, run } = breakerRig({ openFor: 1_000 });
    run('fault', 5);
    breaker.probePassed();
    run('fault');
    expect(breaker.state).toBe('open');
    breaker.probePassed();
    expect(breaker.state).toBe('open');
    // The second open time: 1.5 x openFor, to the millisecond.
    clock.advance(1_499);
    expect(breaker.state).toBe('open');
    clock.advance(1);
    expect(breaker.state).toBe('half-open');
    run('success');
    run('fault', 5);
    breaker.probePassed();
    expect(breaker.state).toBe('half-open');
  });

  it('believes good health though a trial failed that came by the clock: health had not misled it', () => {
    const { breaker, run, openTime } = breakerRig();
    run('fault', 5);
    openTime();
    run('fault');
    expect(breaker.state).toBe('open');
    breaker.probePassed();
    expect(breaker.state).toBe('half-open');
  });

  it('gives a trial back that said nothing, and health is believed as before', () => {
    const { breaker, run } = breakerRig();
    run('fault', 5);
    breaker.probePassed();
    run('none');
    expect(breaker.admits).toBe(true);
  });

  it('stays open past its time while it is held, and not a millisecond longer', () => {
    const { breaker, clock, run } = breakerRig({ openFor: 1_000 });
    run('fault', 5);
    breaker.holdOpen(3_000);
    expect(breaker.reopensAt).toBe(3_000);
    clock.advance(2_999);
    expect(breaker.state).toBe('open');
    clock.advance(1);
    expect(breaker.state).toBe('half-open');
  });

  it('is not opened for a shorter time by being held', () => {
    const { breaker, run } = breakerRig({ openFor: 1_000 });
    run('fault', 5);
    breaker.holdOpen(500);
    expect(breaker.reopensAt).toBe(1_000);
  });

  it('forgets that it was held when health is good: what is left is its own time', () => {
    const { breaker, run } = breakerRig({ openFor: 1_000 });
    run('fault', 5);
    breaker.probePassed();
    run('fault');
    breaker.holdOpen(9_000);
    breaker.probePassed();
    expect(breaker.reopensAt).toBe(1_500);
  });

  it('earns no longer open time by being held', () => {
    const { breaker, clock, run, openTime } = breakerRig({ openFor: 1_000 });
    run('fault', 5);
    breaker.holdOpen(60_000);
    clock.advance(60_000);
    run('fault');
    expect(openTime()).toBe(1_500);
  });

  it('is moved neither by good nor by bad health while it is closed or half-open', () => {
    const { breaker, clock, changes, run } = breakerRig({ openFor: 1_000 });
    breaker.probePassed();
    breaker.holdOpen(5_000);
    expect(breaker.state).toBe('closed');
    run('fault', 5);
    clock.advance(1_000);
    expect(breaker.state).toBe('half-open');
    breaker.holdOpen(5_000);
    breaker.probePassed();
    expect(breaker.admits).toBe(true);
    expect(changes).toEqual(['closed → open', 'open → half-open']);
  });

  it('is half-open after good health as a suspect too', () => {
    const { breaker, run } = breakerRig({ mayOpen: () => false });
    run('fault', 5);
    expect(breaker.state).toBe('suspect');
    breaker.probePassed();
    expect(breaker.state).toBe('half-open');
  });

  it('does not believe a result from before the probe', () => {
    const { breaker, run } = breakerRig();
    const early = breaker.enter();
    run('fault', 5);
    breaker.probePassed();
    breaker.report(early, 'success');
    expect(breaker.state).toBe('half-open');
  });

  it('is deaf to health when it is switched off', () => {
    disabledBreaker.holdOpen(1_000);
    disabledBreaker.probePassed();
    expect(disabledBreaker.admits).toBe(true);
  });
});
