import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run-command.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function command(words: string, isTTY = false) {
  let [out, err] = ['', ''];
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text), isTTY },
  };
  const code = await runCommand(words.split(' ').filter(Boolean), streams);
  return { code, out, err };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const AZURE = [
  'TIMESTAMP,ContextTokens,GeneratedTokens',
  ...Array.from(
    { length: 40 },
    (_, index) => `2023-11-16 18:17:${String(10 + index)}.5,${100 + 50 * index},${5 + index}`,
  ),
].join('\r\n');

describe('evenkeel simulate', () => {
  it('compares all policies over a trace of ours, and writes figures and charts where asked', async () => {
    const trace = file('trace.csv', AZURE);
    const [json, html] = [join(folder, 'figures.json'), join(folder, 'charts.html')];
    const { code, out, err } = await command(
      `simulate ${trace} --fleet a100:3,t4x2 --load 0.5 --clients 2 --seeds 2 --json ${json} --html ${html}`,
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('40 requests at 50 %');
    expect(out).toContain('clients: 2, seeds: 2');
    for (const policy of ['round-robin', 'least-outstanding', 'least-outstanding@capacity'])
      expect(out).toContain(`| ${policy} `);
    expect(JSON.parse(readFileSync(json, 'utf8'))[0].reports).toHaveLength(2);
    expect(readFileSync(html, 'utf8')).toContain('</svg>');
  });

  it('reads a Mooncake trace, takes the first so many requests, and leaves their times alone when told to', async () => {
    const line = (index: number) =>
      `{"timestamp": ${index * 500}, "input_length": 1000, "output_length": 5, "hash_ids": [0, ${index}]}`;
    const trace = file('trace.jsonl', Array.from({ length: 30 }, (_, index) => line(index)).join('\n'));
    const { code, out } = await command(
      `simulate ${trace} --requests 12 --load trace --fleet h100 --policies least-outstanding`,
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^12 requests at \d+(\.\d)? % of/);
  });

  it('generates a trace when there is none', async () => {
    const { code, out } = await command(
      'simulate --shape code --requests 30 --fleet a100 --policies round-robin,least-outstanding@equal',
    );
    expect(code).toBe(0);
    expect(out).toContain('| least-outstanding@equal ');
  });

  it("takes a policy of the user's own from a file", async () => {
    const policy = file('mine.mjs', "export default () => ({ name: 'mine', select: ([first]) => first });");
    const { code, out } = await command(`simulate --requests 30 --fleet a100,t4 --policies ${policy}`);
    expect(code).toBe(0);
    expect(out).toContain('100 % /');
  });

  it('shows a bar on a terminal while it works, wiped away at the end, and none with --quiet', async () => {
    const words = 'simulate --requests 30 --fleet a100 --policies least-outstanding';
    const shown = (await command(words, true)).err;
    expect(shown).toContain('50 %');
    expect(shown).toMatch(/\r +\r$/);
    expect((await command(`${words} --quiet`, true)).err).toBe('');
  });

  it('says how it is used', async () => {
    for (const words of ['--help', 'simulate --help', 'help']) {
      const { code, out } = await command(words);
      expect([code, out.startsWith('evenkeel simulate [TRACE]')]).toEqual([0, true]);
    }
  });

  it.each([
    ['', 2, 'no command given'],
    ['dance', 2, 'unknown command "dance"'],
    ['simulate a.csv b.csv', 2, 'one trace at a time; got a.csv, b.csv'],
    ['simulate --bogus', 2, "Unknown option '--bogus'"],
    ['simulate --load heavy', 2, '--load must be a number; got "heavy"'],
    ['simulate --load 0', 2, 'Option `load` must be'],
    ['simulate --clients 1.5', 2, 'Option `clients` must be an integer'],
    ['simulate --fleet b200', 2, 'Option `fleet` must list GPUs'],
    ['simulate --shape tea', 2, 'Option `shape` must be one of chat'],
    ['simulate --policies best', 2, '--policies: "best" is none of round-robin'],
    ['simulate --policies least-outstanding@wrong', 2, 'after @ comes capacity or equal'],
    ['simulate --requests 0', 2, 'Option `requests` must be'],
  ])('with "%s" ends with %i and says: %s', async (words, code, message) => {
    const result = await command(words);
    expect(result.code).toBe(code);
    expect(result.err).toContain(`evenkeel: `);
    expect(result.err).toContain(message);
  });

  it('names the file that is not there, and the line of one that is wrong', async () => {
    const missing = await command(`simulate ${join(folder, 'missing.csv')}`);
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('missing.csv: ENOENT')]);
    const wrong = file('wrong.csv', 'TIMESTAMP,ContextTokens,GeneratedTokens\nnow,1,2\n');
    expect((await command(`simulate ${wrong}`)).err).toContain('wrong.csv: line 2: "now" is no time like');
    const module = file('empty.mjs', 'export const policy = 1;');
    expect((await command(`simulate --policies ${module}`)).err).toContain('no default export');
  });
});
