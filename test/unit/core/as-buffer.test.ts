import { expect, it } from 'vitest';
import { asBuffer } from '../../../src/core/as-buffer.js';

it('asBuffer gives the same bytes and no copy, also of a part of a larger array', () => {
  const whole = new TextEncoder().encode('one two three');
  const view = asBuffer(whole.subarray(4, 7));
  expect(view.toString()).toBe('two');
  whole[4] = 'T'.charCodeAt(0);
  expect(view.toString()).toBe('Two');
  expect(asBuffer(view)).toBe(view);
});
