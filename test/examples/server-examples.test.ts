import { describe, expect, it } from 'vitest';
import { bundled, runNode } from '../support/programs.js';

const EXAMPLES = ['express', 'dashboard', 'fastify', 'hono', 'cluster'] as const;
const bundle = bundled(...EXAMPLES.map((example) => `examples/${example}.ts`));

/** What an example prints that runs in a process of its own, ends well and says nothing on stderr. */
async function run(example: (typeof EXAMPLES)[number]): Promise<string> {
  const { code, output, errors } = await runNode([bundle(`examples/${example}.ts`)]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return output;
}

describe('the server examples, without servers given', { timeout: 60_000 }, () => {
  it('express: streams to an OpenAI client and shows health and metrics', async () => {
    const printed = await run('express');
    expect(printed).toContain('/health says 200');
    expect(printed).toContain('evenkeel_http_requests_total{status="200"} 1');
  });

  it('dashboard: shows its state to the operator alone', async () => {
    const printed = await run('dashboard');
    expect(printed).toContain('A stranger gets 401');
    expect(printed).toContain('The operator sees 2 of 2 endpoints available');
  });

  it('fastify: refuses a stranger, and keeps its own keys from the model servers', async () => {
    const printed = await run('fastify');
    expect(printed).toContain('A stranger gets 401');
    expect(printed).toMatch(/The website gets 200: \S+/);
    expect(printed).toContain('Its key was kept from the model servers');
  });

  it('hono: streams through a web-standard handler', async () => {
    const printed = await run('hono');
    expect(printed).toContain('200 text/event-stream');
    expect(printed).toMatch(/\d+ events, the last of them: data: \[DONE\]/);
  });

  it('cluster: two processes share a port, each with a balancer of its own', async () => {
    const printed = await run('cluster');
    expect(printed).toContain('2 processes, 1 port\n8 of 8 answered\nProcesses at work: 2');
  });
});
