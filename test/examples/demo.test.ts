import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MockLlmServer } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEMO = ['--import', 'tsx', 'examples/demo/main.ts'];
/** Long enough for a busy machine: what is waited for is the process's own end. */
const LIMIT = 120_000;

describe.concurrent('the demo', () => {
  it('kills the fastest server and lets no user see an error', { timeout: LIMIT }, async () => {
    const { code, output } = await demo('--seconds', '4', '--users', '20');

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
    expect(code).toBe(0);
  });

  it('goes on serving its live page with --keep, until it is told to stop', { timeout: LIMIT }, async () => {
    const child = spawn(process.execPath, [...DEMO, '--seconds', '1', '--users', '3', '--keep'], {
      cwd: ROOT,
    });
    let output = '';
    const page = await new Promise<string>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const address = /Kept serving until Ctrl-C: the page is at (\S+)\n/.exec(output)?.[1];
        if (address !== undefined) resolve(address);
      });
    });
    const closed = once(child, 'close');
    const answer = await fetch(page);
    expect(await answer.text()).toContain('<title>evenkeel</title>');
    child.kill('SIGTERM');
    await closed;
    expect(child.signalCode).toBeNull();
    expect(output).toMatch(/live page at http:\S+\/_balancer/);
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
    const { code, output } = await demo('--seconds', '4', '--trace', file.path, '--endpoints', server.url);

    expect(output).toMatch(/^requests +2 /m);
    expect(output).toMatch(/It held: no user saw an error\./);
    expect(code).toBe(0);
    const asked = server.requests.filter(({ method }) => method === 'POST');
    expect(asked.slice(0, 2).map(({ tokens }) => tokens)).toEqual([10, 8]);
  });

  it.each([
    [['--users', 'many'], '--users must be a whole number from 1 to 1000; got "many"'],
    [['--endpoints', 'localhost'], '--endpoints must be URLs parted by commas; got "localhost"'],
    [['--trace', 'no-such-file.csv'], '--trace: cannot read no-such-file.csv (ENOENT)'],
    [['--speed', '9'], "Unknown option '--speed'"],
  ])('refuses %j with exit code 2', { timeout: LIMIT }, async (args, message) => {
    const { code, output } = await demo(...args);

    expect(output).toContain(message);
    expect(code).toBe(2);
  });
});

async function demo(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [...DEMO, ...args], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  await once(child, 'close');
  return { code: child.exitCode, output };
}

async function temporaryFile(text: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-demo-'));
  const path = join(folder, 'trace');
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
