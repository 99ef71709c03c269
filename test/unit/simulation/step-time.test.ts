import { GPU_KINDS } from 'evenkeel/simulation';
import { describe, expect, it } from 'vitest';
import { decodeTime, stepCosts, stepTime } from '../../../src/simulation/replica/step-time.js';

const A100 = stepCosts(GPU_KINDS.a100);
const H100 = stepCosts(GPU_KINDS.h100);

describe('a step', () => {
  it.each([
    // Measured: 6.48, 6.59 and 10.94 ms a token (InferenceBench, vLLM 0.21, 8B in 16 bit); the model's context: 1024.
    [1, 6.48],
    [4, 6.59],
  ])(
    'of an H100 with %i sequences takes within a tenth of the %f ms that were measured',
    (batch, measured) => {
      const time = stepTime(H100, 0, batch * 1024, batch);
      expect(Math.abs(time / measured - 1)).toBeLessThan(0.1);
    },
  );

  it('of an A100 with one sequence takes about 10 ms, and of an L4 about 60', () => {
    expect(stepTime(A100, 0, 1000, 1)).toBeCloseTo(9.95, 1);
    expect(stepTime(stepCosts(GPU_KINDS.l4), 0, 1000, 1)).toBeCloseTo(60.9, 0);
  });

  it('with a small chunk of prompt costs no more than reading the weights does', () => {
    expect(stepTime(A100, 50, 0, 1)).toBe(stepTime(A100, 0, 0, 1));
    expect(stepTime(A100, 2048, 0, 1)).toBeGreaterThan(250);
  });
});

describe('a run of decode steps', () => {
  it('takes the sum of its single steps, in which the context grows by a token a sequence', () => {
    let sum = 0;
    for (let step = 0; step < 40; step++) sum += stepTime(A100, 0, 5_000 + 7 * step, 7);
    expect(decodeTime(A100, 40, 5_000, 7)).toBeCloseTo(sum, 8);
  });

  it('of no steps takes no time', () => {
    expect(decodeTime(A100, 0, 5_000, 7)).toBe(0);
  });
});
