import { readFileSync } from 'node:fs';
import { InvalidOptionError } from 'evenkeel';
import { kubernetes } from 'evenkeel/discovery/kubernetes';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/kubernetes.md', 'utf8');

/** First cells of the rows of the table under a heading, several names in one cell apart. */
function rowsUnder(heading: string): string[] {
  const begin = page.indexOf(`\n${heading}\n`);
  const section = page.slice(begin, page.indexOf('\n## ', begin + 1));
  const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

function knownOptions(): string[] {
  try {
    kubernetes('llm', { server: 'http://127.0.0.1:1', ...{ nonsense: 1 } });
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    return /known: ([^)]*)\)/.exec(error.rule)?.[1]?.split(', ') ?? [];
  }
  throw new Error('the unknown option was accepted');
}

describe('the page on Kubernetes', () => {
  it('has every option of the source and no other', () => {
    expect(rowsUnder('## Options').sort()).toEqual(knownOptions().sort());
  });

  it('has every label that the source reads and no other', () => {
    const source = readFileSync('src/discovery/kubernetes/replica-endpoint.ts', 'utf8');
    const read = new Set([...source.matchAll(/'(evenkeel\/[\w-]+)'/g)].map(([, key = '']) => key));
    const rows = rowsUnder('## Weights, models, GPU classes').filter((name) => name.startsWith('evenkeel/'));
    expect(rows.sort()).toEqual([...read].sort());
  });
});
