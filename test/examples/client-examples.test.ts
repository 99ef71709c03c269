import { MockLlmServer } from 'evenkeel/testing';
import { describe, it } from 'vitest';
import { bundled, runNode } from '../support/programs.js';

/** Long enough for a busy machine: what is waited for is the process's own end. */
const LIMIT = 60_000;

const EXAMPLES: readonly [string, readonly RegExp[]][] = [
  ['openai-client', [/answered:\n\S+/, /As a stream:\n\S+/, /Stopped by the user/, /Outstanding now: 0$/m]],
  ['ai-sdk', [/^Whole: +\S+/m, /trying again elsewhere/, /Streamed: \S+/, /Outstanding now: 0$/m]],
  ['langchain', [/^12 answers/m, /^fast: 9 requests$/m, /^slow: 3 requests$/m, /Outstanding now: 0$/m]],
  [
    'resume',
    [
      /^Seam: [ab] → [ab] after \d+ tokens$/m,
      /^The text is whole: true$/m,
      /^Ids: 1; completion tokens: 24$/m,
    ],
  ],
  ['custom-scorer', [/^Answered by spare\.$/m]],
  ['adaptive', [/^fast: \d\d requests$/m, /^A prompt of 1 000 tokens would go to fast\.$/m]],
  ['gpu-aware', [/^busy: 4 running, 2 waiting$/m, /^Answered by idle\.$/m]],
  ['simulate', [/^1000 requests at 70 %/, /^\| least outstanding +\|/m, /^\| long to big +\|/m]],
  ['hedging', [/^Longest wait without hedging: \d+ ms$/m, /^Longest wait with hedging: {4}\d+ ms$/m]],
  [
    'autoscaling',
    [
      /^1 → 4: demand calls for [45]/m,
      /^120 questions answered; at most [456] replicas$/m,
      /→ 1: demand calls for [01]/,
      /^Calm: 1 replica$/m,
    ],
  ],
  [
    'undici-dispatcher',
    [
      /^request: 200 from http/m,
      /^stream: [1-9]\d+ bytes$/m,
      /^fetch: 200, [1-9]\d* events$/m,
      /^with an interceptor: ResponseError$/m,
      /takes 8 at once/,
    ],
  ],
  [
    'model-loading',
    [
      /^At first: +ready is warming, loading is warming$/m,
      /^10 at once: +{ ready: 10 }$/m,
      /^Now: +ready is healthy, loading is warming$/m,
      /^10 when it has loaded: +{ \w+: 5, \w+: 5 }$/m,
    ],
  ],
  [
    'discovery',
    [
      /^One more: +a100 \(3\), t4 \(1\)$/m,
      /^A mistake: +file:endpoints\.yaml: line 4: `endpoints\[0\]\.weight` must be/m,
      /^The list stays: +a100 \(3\), t4 \(1\)$/m,
      /^And serves: +200$/m,
    ],
  ],
  [
    'warm-pool',
    [
      /^reserve is activated: saturated$/m,
      /^12 at once: { active: 4, reserve: 8 }$/m,
      /^reserve is back on standby: calm\n 3 at once: { active: 3 }$/m,
    ],
  ],
  [
    'overflow-to-hosted-api',
    [
      /^ 6 at once.*{ 'gpu-[12]': 3, 'gpu-[12]': 3 }$/m,
      /^14 at once.*hosted: 6/m,
      /both GPUs have gone: +{ hosted: 6 }$/m,
      /was asked for: +hosted-small$/m,
      /saw the hosted API key: +false$/m,
    ],
  ],
];
const bundle = bundled(...EXAMPLES.map(([example]) => `examples/${example}.ts`));

describe.concurrent('An example runs alone, ends well and says nothing on stderr:', {
  timeout: LIMIT,
}, () => {
  for (const [example, patterns] of EXAMPLES) {
    it(`examples/${example}.ts`, async ({ expect }) => {
      const { code, output, errors } = await runNode([bundle(`examples/${example}.ts`)]);
      for (const pattern of patterns) expect(output).toMatch(pattern);
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
    });
  }

  it('examples/openai-client.ts as its reader runs it, with servers of his own', async ({ expect }) => {
    await using server = await MockLlmServer.start();
    const { code, output } = await runNode(['--import', 'tsx', 'examples/openai-client.ts'], {
      ENDPOINTS: server.url,
    });
    expect(output).toContain(`${server.url} answered:`);
    expect(server.stats.requests).toBe(3);
    expect(code).toBe(0);
  });
});
