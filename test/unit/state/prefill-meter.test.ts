import { describe, expect, it } from 'vitest';
import { PrefillMeter } from '../../../src/state/prefill-meter.js';

/** A meter that has learnt 1 000 tokens a second. */
function learnt(): PrefillMeter {
  const meter = new PrefillMeter();
  meter.learn(1_000, 1_000);
  return meter;
}

describe('PrefillMeter', () => {
  it('counts prompt tokens until their first token, and tells each request what stands before its own', () => {
    const meter = new PrefillMeter();
    expect([meter.begin(100), meter.begin(250)]).toEqual([100, 350]);
    meter.end(100);
    expect(meter.pending).toBe(250);
    meter.end(250);
    expect(meter.pending).toBe(0);
  });

  it('is at exactly 0 when nothing is pending, whatever fractions an estimate has', () => {
    const meter = new PrefillMeter();
    for (const tokens of [0.1, 0.2, 0.3]) meter.begin(tokens);
    for (const tokens of [0.3, 0.1, 0.2]) meter.end(tokens);
    expect(meter.pending).toBe(0);
  });

  it('knows no rate before a first token', () => {
    expect(new PrefillMeter().rate).toBeUndefined();
  });

  it('takes tokens over time for its rate, in tokens a second', () => {
    const meter = new PrefillMeter();
    meter.learn(3_000, 1_500);
    expect(meter.rate).toBe(2_000);
  });

  it('learns nothing from a prompt so short that its time is all network', () => {
    const meter = new PrefillMeter();
    meter.learn(299, 30);
    expect(meter.rate).toBeUndefined();
  });

  it('learns nothing from a time of 0 or less, as from a clock that stands still', () => {
    const meter = new PrefillMeter();
    for (const elapsed of [0, -1, Number.NaN]) meter.learn(1_000, elapsed);
    expect(meter.rate).toBeUndefined();
  });

  it('believes a higher sample more than a lower one, and one that waited for something else least', () => {
    const [higher, lower, delayed] = [learnt(), learnt(), learnt()];
    higher.learn(1_000, 500);
    lower.learn(1_000, 2_000);
    delayed.learn(1_000, 4_000);
    expect(higher.rate).toBe(1_250);
    expect(lower.rate).toBe(975);
    expect(delayed.rate).toBe(992.5);
  });

  it('follows a server that has become a tenth as fast, though all its answers look delayed', () => {
    const meter = learnt();
    for (let sample = 0; sample < 400; sample++) meter.learn(1_000, 10_000);
    expect(meter.rate).toBeLessThan(120);
  });
});
