import { describe, expect, it } from 'vitest';
import type { BreakerPass } from '../../../src/core/breaker.js';
import { breakerRig } from '../../support/breaker-rig.js';
import { fc } from '../../support/property.js';

const VERDICTS = ['success', 'fault', 'overloaded', 'none'] as const;
const FAULTS_TO_OPEN = 3;
const OPEN_FOR = 1_000;
const TRIAL_TIMEOUT = 700;
const BUCKET = 5_000;

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({ do: 'enter' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('report' as const),
        pass: fc.nat(40),
        verdict: fc.constantFrom(...VERDICTS),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(900) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20_000) }) },
  ),
  { minLength: 1, maxLength: 120, size: 'max' },
);

/** The breaker in the plainest words: constant open time, results kept in a list, no opossum. */
class Model {
  now = 0;
  state: 'closed' | 'open' | 'half-open' = 'closed';
  era = 0;
  streak = 0;
  until = 0;
  trial: { id: number; deadline: number } | undefined;
  origin = 0;
  results: { bucket: number; fault: boolean }[] = [];
  readonly passes: { era: number; done: boolean }[] = [];

  tick(): void {
    if (this.state === 'half-open' && this.trial && this.now >= this.trial.deadline)
      this.open(this.trial.deadline);
    if (this.state === 'open' && this.now >= this.until) {
      this.state = 'half-open';
      this.trial = undefined;
      this.era++;
    }
  }

  open(at: number): void {
    this.state = 'open';
    this.until = at + OPEN_FOR;
    this.era++;
  }

  enter(): void {
    this.tick();
    this.passes.push({ era: this.era, done: false });
    if (this.state === 'half-open' && !this.trial)
      this.trial = { id: this.passes.length - 1, deadline: this.now + TRIAL_TIMEOUT };
  }

  report(id: number, verdict: (typeof VERDICTS)[number]): void {
    const pass = this.passes[id];
    this.tick();
    if (!pass || pass.done) return;
    pass.done = true;
    if (pass.era !== this.era || this.state === 'open') return;
    if (this.state === 'half-open') {
      if (this.trial?.id !== id) return;
      this.trial = undefined;
      if (verdict === 'fault') this.open(this.now);
      else if (verdict !== 'none') {
        this.state = 'closed';
        this.era++;
        this.streak = 0;
        this.results = [];
        this.origin = this.now;
      }
      return;
    }
    if (verdict === 'success' || verdict === 'fault') this.count(verdict === 'fault');
  }

  count(fault: boolean): void {
    const bucket = Math.floor((this.now - this.origin) / BUCKET);
    this.results = [...this.results, { bucket, fault }].filter((result) => result.bucket > bucket - 12);
    this.streak = fault ? this.streak + 1 : 0;
    const faults = this.results.filter((result) => result.fault).length;
    const many = this.results.length >= 6 && faults / this.results.length >= 0.5;
    if (fault && (this.streak >= FAULTS_TO_OPEN || many)) this.open(this.now);
  }
}

describe('the breaker', () => {
  it('does what the plain model does, whatever the order of events', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { breaker, clock } = breakerRig({
          consecutiveFailures: FAULTS_TO_OPEN,
          minimumRequests: 6,
          openFor: OPEN_FOR,
          maxOpenFor: OPEN_FOR,
          trialTimeout: TRIAL_TIMEOUT,
        });
        const model = new Model();
        const passes: BreakerPass[] = [];
        for (const step of script) {
          if (step.do === 'enter') {
            passes.push(breaker.enter());
            model.enter();
          } else if (step.do === 'report') {
            const pass = passes[step.pass];
            if (pass) breaker.report(pass, step.verdict);
            model.report(step.pass, step.verdict);
          } else {
            clock.advance(step.ms);
            model.now += step.ms;
          }
          model.tick();
          expect(breaker.state).toBe(model.state);
          expect(breaker.admits).toBe(
            model.state === 'closed' || (model.state === 'half-open' && !model.trial),
          );
          expect(breaker.reopensAt).toBe(model.state === 'open' ? model.until : undefined);
        }
        breaker.dispose();
      }),
      { numRuns: 150 },
    );
  });
});
