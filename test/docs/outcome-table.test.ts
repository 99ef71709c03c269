import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OUTCOME_RULES } from '../../src/core/outcome.js';

const RETRIED = { never: 'never', elsewhere: 'elsewhere', 'if-uncommitted': 'if nothing was committed' };

describe('the table of outcomes in the concepts', () => {
  it('says what the rules say', () => {
    const [, section = ''] = readFileSync('docs/concepts.md', 'utf8').split('## Outcomes');
    const rows = [...section.matchAll(/^\| `(\w+)` \| .+ \| (.+) \| (.+) \| (.+) \|$/gm)];
    const page = Object.fromEntries(
      rows.map(([, kind = '', latency, breaker, retried]) => [kind, { latency, breaker, retried }]),
    );
    const rules = Object.fromEntries(
      Object.entries(OUTCOME_RULES).map(([kind, { latency, breaker, retry }]) => [
        kind,
        { latency: latency ? 'counts' : '–', breaker, retried: RETRIED[retry] },
      ]),
    );
    expect(page).toEqual(rules);
  });
});
