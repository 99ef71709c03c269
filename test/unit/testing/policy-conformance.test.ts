import { describe, expect, it } from 'vitest';
import type { EndpointView } from '../../../src/core/endpoint.js';
import type { SelectionPolicy } from '../../../src/core/policy.js';
import { leastOutstanding } from '../../../src/policies/least-outstanding.js';
import { policyConformance } from '../../../src/testing/policy-conformance.js';

/** Runs the suite over a policy and gives the names of the tests that fail. */
function failuresOf(select: SelectionPolicy['select'], even?: boolean): string[] {
  const failures: string[] = [];
  policyConformance('broken', () => ({ name: 'broken', select }), {
    describe: (_name, suite) => suite(),
    it: (name, test) => {
      try {
        test();
      } catch {
        failures.push(name);
      }
    },
    even,
  });
  return failures;
}

describe('policyConformance', () => {
  it('passes a sound policy', () => {
    expect(failuresOf(leastOutstanding().select)).toEqual([]);
  });

  it('catches a policy that gives weight 0 requests and herds', () => {
    const failures = failuresOf((candidates) => candidates[0]);
    expect(failures).toContain('never chooses weight 0 while another has weight, nor when none has');
    expect(failures.some((name) => name.startsWith('spreads ten thousand requests'))).toBe(true);
  });

  it('lets a policy prefer one of equals when it says so', () => {
    const heaviest: SelectionPolicy['select'] = (candidates) =>
      candidates.find((endpoint) => endpoint.weight > 0);
    expect(failuresOf(heaviest)).toHaveLength(1);
    expect(failuresOf(heaviest, false)).toEqual([]);
  });

  it('catches a policy that sorts the list it was lent', () => {
    const sorts: SelectionPolicy['select'] = (candidates) =>
      (candidates as EndpointView[]).sort((a, b) => a.weight - b.weight)[0];
    expect(failuresOf(sorts)).toContain('leaves the list of candidates and the endpoints as they are');
  });

  it('catches a policy that brings its own randomness', () => {
    const wild: SelectionPolicy['select'] = (candidates) =>
      candidates[Math.floor(Math.random() * candidates.length)];
    expect(failuresOf(wild)).toContain('chooses the same again from the same seed');
  });

  it('catches a policy that sticks to an endpoint that has left', () => {
    let first: ReturnType<SelectionPolicy['select']>;
    const sticky: SelectionPolicy['select'] = (candidates) => {
      first ??= candidates[0];
      return first;
    };
    expect(failuresOf(sticky)).toContain('follows a changing membership');
  });
});
