import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockLlmServer } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { readArguments, UsageError } from '../../examples/demo/arguments.js';
import { bundled, runNode, startNode } from '../support/programs.js';

const MAIN = 'examples/demo/main.ts';
const bundle = bundled(MAIN);
/** Long enough for a busy machine: what is waited for is the process's own end. */
const LIMIT = 120_000;

describe.concurrent('the demo', () => {
  it('kills the fastest server, lets no user see an error, and serves its live page with --keep till it is told to stop', {
    timeout: LIMIT,
  }, async () => {
    await using demo = startNode([bundle(MAIN), '--seconds', '4', '--users', '20', '--keep']);
    const page = await demo.printed(/Kept serving until Ctrl-C: the page is at (\S+)\n/);
    expect(await (await fetch(page)).text()).toContain('<title>evenkeel</title>');
    demo.child.kill('SIGTERM');
    const { code, output, errors } = await demo.ended;

    expect(output).toMatch(/live page at http:\S+\/_balancer/);
    expect(output).toMatch(/big is killed/);
    expect(output).toMatch(/big is back/);
    expect(output).toMatch(/^errors +0 /m);
    expect(output).toMatch(/^least outstanding +\d+ +0 /m);
    expect(output).toMatch(/^round robin by weight +\d+ /m);
    expect(output).toMatch(/^big alone +\d+ /m);
    expect(output).toMatch(
      /It held: no user saw an error, and big served [1-9]\d* requests after its return/,
    );
    // It was piped: no escape codes.
    expect(output).not.toContain('\u001b');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
  });

  it.each([
    [
      'a CSV with seven-digit fractions and CRLF',
      'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,480,10\r\n2023-11-16 18:17:04.0319600,318,8\r\n',
    ],
    [
      'JSON lines',
      '{"timestamp": 0, "input_length": 480, "output_length": 10, "hash_ids": [0]}\n{"timestamp": 1500, "input_length": 318, "output_length": 8, "hash_ids": [0]}\n',
    ],
  ])('replays a trace given as %s', { timeout: LIMIT }, async (_form, text) => {
    await using file = await temporaryFile(text);
    await using server = await MockLlmServer.start();
    const args = ['--seconds', '4', '--trace', file.path, '--endpoints', server.url];
    const { code, output, errors } = await runNode([bundle(MAIN), ...args]);

    expect(output).toMatch(/^requests +2 /m);
    expect(output).toMatch(/It held: no user saw an error\./);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    const asked = server.requests.filter(({ method }) => method === 'POST');
    expect(asked.slice(0, 2).map(({ tokens }) => tokens)).toEqual([10, 8]);
  });

  it.each([
    [['--users', 'many'], '--users must be a whole number from 1 to 1000; got "many"'],
    [['--endpoints', 'localhost'], '--endpoints must be URLs parted by commas; got "localhost"'],
    [['--speed', '9'], "Unknown option '--speed'"],
  ])('refuses %j', (args, message) => {
    const reading = () => readArguments(args);
    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(message);
  });

  it('says on stderr what it refuses, and ends with exit code 2', { timeout: LIMIT }, async () => {
    const { code, output, errors } = await runNode([bundle(MAIN), '--trace', 'no-such-file.csv']);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toContain('--trace: cannot read no-such-file.csv (ENOENT)\nTry: npm run demo');
  });
});

async function temporaryFile(text: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-demo-'));
  const path = join(folder, 'trace');
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
