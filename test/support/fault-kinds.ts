import type { MockFault } from '../../src/testing/index.js';

/** A kind that is missing here does not compile. */
const KINDS: Readonly<Record<MockFault['kind'], true>> = {
  refuse: true,
  'reset-before-headers': true,
  'reset-after-headers': true,
  status: true,
  hang: true,
  'hang-after-headers': true,
  stall: true,
  'stall-with-comments': true,
  cut: true,
  'end-early': true,
  abort: true,
  malformed: true,
  'error-event': true,
  'comments-only': true,
  slow: true,
  garbage: true,
  'garbage-body': true,
  'short-body': true,
};

/** Everything that `MockLlmServer` can do wrong. */
export const FAULT_KINDS = Object.keys(KINDS);
