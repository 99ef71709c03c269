/** The eleven pitfalls of opossum for streaming calls, each of which the adapter must not have. */
import { createHook } from 'node:async_hooks';
import CircuitBreaker from 'opossum';
import { describe, expect, it } from 'vitest';
import { resolveBreakerOptions } from '../../../src/state/breaker-options.js';
import { OpossumBreaker } from '../../../src/state/opossum-breaker.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { breakerRig } from '../../support/breaker-rig.js';

/** Node's own count: opossum's timers are unref'd, so the list of active resources would not show them. */
function timersMadeBy(work: () => void): number {
  let made = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'Timeout' || type === 'Immediate') made++;
    },
  });
  hook.enable();
  work();
  hook.disable();
  return made;
}

describe('the breaker has none of opossum’s pitfalls:', () => {
  it('1. a late result from before the opening moves nothing in half-open', () => {
    const { breaker, run, openTime } = breakerRig();
    const [first, second] = [breaker.enter(), breaker.enter()];
    run('fault', 5);
    openTime();
    const trial = breaker.enter();
    breaker.report(first, 'success');
    expect(breaker.state).toBe('half-open');
    breaker.report(second, 'fault');
    expect(breaker.state).toBe('half-open');
    breaker.report(trial, 'success');
    expect(breaker.state).toBe('closed');
  });

  it('2. an outcome that says nothing is no success: it leaves a half-open breaker half-open', () => {
    const { breaker, run, openTime } = breakerRig();
    run('fault', 5);
    openTime();
    run('none', 10);
    expect(breaker.state).toBe('half-open');
  });

  it('3. a trial that never ends does not block for ever', () => {
    const { breaker, clock, run, openTime } = breakerRig();
    run('fault', 5);
    openTime();
    breaker.enter();
    clock.advance(120_000);
    expect(breaker.state).toBe('open');
    openTime();
    expect(breaker.admits).toBe(true);
  });

  it('4. the ratio is over ended attempts: one failure of a long call alone does not open', () => {
    const { breaker, clock } = breakerRig({ minimumRequests: 1, failureRatio: 1, consecutiveFailures: 100 });
    const long = breaker.enter();
    const other = breaker.enter();
    clock.advance(3_600_000);
    breaker.report(other, 'success');
    breaker.report(long, 'fault');
    expect(breaker.state).toBe('closed');
  });

  it('5. requests in flight and requests turned away do not dilute the ratio', () => {
    const { breaker, run } = breakerRig({ consecutiveFailures: 100 });
    for (let stream = 0; stream < 1000; stream++) breaker.enter();
    run('none', 1000);
    run('overloaded', 1000);
    run('success', 5);
    run('fault', 5);
    expect(breaker.state).toBe('open');
  });

  it('6. there is no capacity whose refusals could count as failures', async () => {
    const { breaker } = breakerRig();
    const passes = Array.from({ length: 5_000 }, () => breaker.enter());
    for (const pass of passes) breaker.report(pass, 'success');
    await new Promise((resolve) => setImmediate(resolve));
    expect(breaker.state).toBe('closed');
  });

  it('7 and 8. breakers share nothing, though they were made from one options object, and leave it as it was', () => {
    const options = Object.freeze(resolveBreakerOptions({ consecutiveFailures: 1 }));
    const environment = { clock: manualClock(), random: () => 0, mayOpen: () => true };
    const one = new OpossumBreaker(options, environment);
    const two = new OpossumBreaker(options, environment);
    one.report(one.enter(), 'fault');
    expect([one.state, two.state]).toEqual(['open', 'closed']);
  });

  it('9. exactly half opens', () => {
    const { breaker, run } = breakerRig({ consecutiveFailures: 100, minimumRequests: 2 });
    run('success');
    run('fault');
    expect(breaker.state).toBe('open');
  });

  it('10. nothing runs on: no timer is made while closed, open, half-open or at disposal', () => {
    const made = timersMadeBy(() => {
      const { breaker, clock, run, openTime } = breakerRig();
      run('success', 10);
      run('fault', 5);
      expect(breaker.state).toBe('open');
      openTime();
      run('fault');
      openTime();
      run('success');
      expect(breaker.state).toBe('closed');
      breaker.dispose();
      expect(clock.pending).toBe(0);
    });
    expect(made).toBe(0);
  });

  it('10. and opossum as it comes makes three, so that the check above can fail', () => {
    const made = timersMadeBy(() => {
      const circuit = new CircuitBreaker(() => Promise.resolve());
      circuit.open();
      circuit.shutdown();
    });
    expect(made).toBe(3);
  });

  it('11. nothing is released before the work ends: the trial’s place stays taken until its deadline', () => {
    const { breaker, clock, run, openTime } = breakerRig();
    run('fault', 5);
    openTime();
    breaker.enter();
    clock.advance(119_999);
    expect(breaker.admits).toBe(false);
  });

  it('and no rejection goes unhandled', async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    const { breaker, run } = breakerRig();
    run('fault', 5);
    breaker.dispose();
    run('fault', 5);
    run('success', 5);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });
});
