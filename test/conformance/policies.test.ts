import { describe, expect, it } from 'vitest';
import { capacity } from '../../src/filters/capacity.js';
import { labels } from '../../src/filters/labels.js';
import { model } from '../../src/filters/model.js';
import { maxScore } from '../../src/pickers/max-score.js';
import { randomByScore } from '../../src/pickers/random-by-score.js';
import { adaptive } from '../../src/policies/adaptive.js';
import { consistentHash } from '../../src/policies/consistent-hash.js';
import { leastOutstanding } from '../../src/policies/least-outstanding.js';
import { peakEwma } from '../../src/policies/peak-ewma.js';
import { powerOfTwo } from '../../src/policies/power-of-two.js';
import { roundRobin } from '../../src/policies/round-robin.js';
import { scored } from '../../src/policies/scored.js';
import { weightedRandom } from '../../src/policies/weighted-random.js';
import { latency } from '../../src/scorers/latency.js';
import { outstanding } from '../../src/scorers/outstanding.js';
import { policyConformance } from '../../src/testing/policy-conformance.js';

const runner = { describe, it };

it.each([
  ['adaptive', adaptive],
  ['consistent-hash', consistentHash],
  ['least-outstanding', leastOutstanding],
  ['peak-ewma', peakEwma],
  ['power-of-two', powerOfTwo],
  ['round-robin', roundRobin],
  ['scored', scored],
  ['weighted-random', weightedRandom],
])('a policy is named after its file: %s', (file, policy) => {
  expect(policy().name).toBe(file);
});

policyConformance('leastOutstanding', () => leastOutstanding(), runner);
policyConformance('leastOutstanding above its scan limit', () => leastOutstanding({ scanLimit: 1 }), runner);
policyConformance('roundRobin', () => roundRobin(), runner);
policyConformance('weightedRandom', () => weightedRandom(), runner);
policyConformance('powerOfTwo', () => powerOfTwo(), runner);
policyConformance('peakEwma', () => peakEwma(), runner);
policyConformance('adaptive', () => adaptive(), runner);
policyConformance('consistentHash', () => consistentHash(), runner);
policyConformance('consistentHash without a key', () => consistentHash({ key: () => undefined }), runner);
policyConformance('scored', () => scored({ scorers: [outstanding()] }), runner);
policyConformance(
  'scored with every part',
  () =>
    scored({
      filters: [model(), capacity(), labels({})],
      scorers: [{ scorer: outstanding(), weight: 2 }, latency(), (endpoint) => 1 / (1 + endpoint.tier)],
      picker: maxScore(),
    }),
  runner,
);
policyConformance(
  'scored with a random picker',
  () => scored({ scorers: [outstanding()], picker: randomByScore({ sharpness: 2 }) }),
  runner,
);
