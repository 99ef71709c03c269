import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { anchors } from './markdown.js';

interface Rule {
  readonly alert: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const rules = ['alerts.yaml', 'alerts-classic.yaml'].flatMap((file): readonly Rule[] => {
  const { groups } = parse(readFileSync(`examples/monitoring/${file}`, 'utf8'));
  return groups.flatMap((group: { rules: readonly Rule[] }) => group.rules);
});
const runbook = readFileSync('docs/runbook.md', 'utf8');

describe('the shipped alerts', () => {
  it('each have a severity, a summary and a section of the runbook', () => {
    expect(rules).toHaveLength(14);
    for (const { alert, labels, annotations } of rules) {
      expect(labels.severity).toMatch(/^(critical|warning|info)$/);
      expect(annotations.summary).not.toBe('');
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(anchors(runbook)).toContain(alert.toLowerCase());
    }
  });

  it('are all in the table of the page, with the severity that they have', () => {
    const page = readFileSync('docs/monitoring.md', 'utf8');
    for (const { alert, labels } of rules.filter(({ alert }) => alert.startsWith('Evenkeel')))
      expect(page).toMatch(new RegExp(`^\\| \\[\`${alert}\`\\].*\\| ${labels.severity} \\|$`, 'm'));
  });
});
