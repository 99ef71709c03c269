/**
 * Which policy for which fleet, answered without a GPU: a made-up chat trace over one A100 and two T4, under three
 * policies, the last of them our own. Needs nothing else to run:
 *
 *     npx tsx examples/simulate.ts
 */
import { leastOutstanding, roundRobin, type SelectionPolicy } from 'evenkeel';
import { compare, generateTrace, textReport } from 'evenkeel/simulation';

/** Short prompts anywhere, long ones to the big card alone. */
function longToBig(): SelectionPolicy {
  const least = leastOutstanding();
  return {
    name: 'long to big',
    select(candidates, request, context) {
      const big = candidates.filter(({ weight }) => weight > 1);
      const able = request.promptTokens > 2_000 && big.length > 0 ? big : candidates;
      return least.select(able, request, context);
    },
  };
}

const rows = await compare({
  trace: generateTrace({ shape: 'chat', requests: 1_000 }),
  fleet: 'a100:3,t4x2',
  load: 0.7,
  policies: {
    'round robin': () => roundRobin(),
    'least outstanding': () => leastOutstanding(),
    'long to big': longToBig,
  },
});
process.stdout.write(textReport(rows));
