import { describe, expect, it } from 'vitest';
import { PrefillMeter } from '../../../src/state/prefill-meter.js';
import { manualClock } from '../../../src/testing/manual-clock.js';

function setUp() {
  const clock = manualClock();
  return { clock, meter: new PrefillMeter(clock) };
}

describe('PrefillMeter', () => {
  it('counts prompt tokens until their first token comes, or the request ends without one', () => {
    const { meter } = setUp();
    for (const tokens of [100, 250, 400]) meter.begin(tokens);
    expect(meter.pending).toBe(750);
    meter.firstToken(100);
    meter.end(250);
    expect(meter.pending).toBe(400);
  });

  it('is at exactly 0 when nothing is pending, whatever fractions an estimate has', () => {
    const { meter } = setUp();
    for (const tokens of [0.1, 0.2, 0.3]) meter.begin(tokens);
    for (const tokens of [0.3, 0.1, 0.2]) meter.end(tokens);
    expect(meter.pending).toBe(0);
  });

  it('knows no rate before a first token, nor from so few tokens that their time is all network', () => {
    const { clock, meter } = setUp();
    expect(meter.rate).toBeUndefined();
    meter.begin(299);
    clock.advance(30);
    meter.firstToken(299);
    expect(meter.rate).toBeUndefined();
    const enough = setUp();
    enough.meter.begin(300);
    enough.clock.advance(30);
    enough.meter.firstToken(300);
    expect(enough.meter.rate).toBe(10_000);
  });

  it('knows no rate from a clock that stood still', () => {
    const { meter } = setUp();
    meter.begin(1_000);
    meter.firstToken(1_000);
    expect(meter.rate).toBeUndefined();
  });

  it('takes tokens over the time in which any were waiting, in tokens a second', () => {
    const { clock, meter } = setUp();
    meter.begin(1_000);
    meter.begin(1_000);
    clock.advance(500);
    meter.firstToken(1_000);
    clock.advance(100);
    meter.begin(1_000);
    meter.firstToken(1_000);
    clock.advance(900);
    meter.firstToken(1_000);
    expect(meter.rate).toBeCloseTo(2_000, -2);
  });

  it('does not count the time in which nothing was waiting', () => {
    const { clock, meter } = setUp();
    for (let turn = 0; turn < 2; turn++) {
      meter.begin(1_000);
      clock.advance(500);
      meter.firstToken(1_000);
      clock.advance(60_000);
    }
    expect(meter.rate).toBeCloseTo(2_000, 6);
  });

  it('is not misled by a prompt that was nearly done when the next one came', () => {
    const { clock, meter } = setUp();
    meter.begin(100_000);
    clock.advance(9_900);
    meter.begin(1_000);
    clock.advance(100);
    meter.firstToken(100_000);
    clock.advance(100);
    meter.firstToken(1_000);
    expect(meter.rate).toBeCloseTo(10_000, 6);
  });

  it('drops the time that went to a request which ended without a first token', () => {
    const { clock, meter } = setUp();
    meter.begin(1_000);
    clock.advance(500);
    meter.firstToken(1_000);
    meter.begin(5_000);
    clock.advance(30_000);
    meter.end(5_000);
    expect(meter.rate).toBe(2_000);
  });

  it('follows a server that has become a tenth as fast, within a minute of work', () => {
    const { clock, meter } = setUp();
    const serve = (time: number) => {
      meter.begin(1_000);
      clock.advance(time);
      meter.firstToken(1_000);
    };
    for (let turn = 0; turn < 100; turn++) serve(100);
    expect(meter.rate).toBeCloseTo(10_000, 6);
    for (let turn = 0; turn < 60; turn++) serve(1_000);
    expect(meter.rate).toBeGreaterThan(1_000);
    expect(meter.rate).toBeLessThan(1_500);
  });
});
