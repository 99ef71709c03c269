import { describe, expect, it } from 'vitest';
import { SharedPrefix } from '../../../src/core/shared-prefix.js';

const HALF = 0.5;

function send(requests: number, blocks: readonly number[], prefix = new SharedPrefix()) {
  for (let request = 0; request < requests; request++) prefix.add(blocks, HALF);
  return prefix;
}

describe('SharedPrefix', () => {
  it('begins with the blocks that more than the share of the requests have, and more than eight', () => {
    const length = (requests: number, blocks = [1, 2, 3]) => send(requests, [1, 2, 3]).length(blocks, HALF);
    // 17 > 0.5 x 17 + 8. The second block is counted from then on: 34 > 0.5 x 51 + 8.
    expect([0, 16, 17, 50, 51].map((requests) => length(requests))).toEqual([0, 0, 1, 1, 2]);
    expect(length(51, [1, 9])).toBe(1);
    expect(length(51, [1])).toBe(1);
    expect(length(51, [])).toBe(0);
  });

  it('is no longer shared once other prompts are as many', () => {
    const prefix = send(40, [1]);
    expect(send(23, [9], prefix).length([1], HALF)).toBe(1);
    expect(send(1, [9], prefix).length([1], HALF)).toBe(0);
  });

  it('forgets: of two thousand requests each counts for half from then on', () => {
    const prefix = send(1, [9], send(1_999, [1]));
    // 999.5 of 1 000, and not 1 999 of 2 000.
    expect(send(982, [9], prefix).length([1], HALF)).toBe(1);
    expect(send(2, [9], prefix).length([1], HALF)).toBe(0);
  });
});
