import { readFileSync } from 'node:fs';
import { type EndpointConfig, InvalidOptionError, LoadBalancer, type RequestOverrides } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/balancer/options.js';
import { RETRY_DEFAULTS } from '../../src/retries/default-retry.js';
import { vllm } from '../../src/signals/vllm.js';

const page = readFileSync('docs/options.md', 'utf8');
const ENDPOINTS: readonly EndpointConfig[] = [{ url: 'http://127.0.0.1:8000' }];
/** Options that are objects with options of their own, and stand in the page by those. */
const GROUPS = [
  'timeouts',
  'retry',
  'retry.backoff',
  'retry.budget',
  'hedge',
  'breaker',
  'admission',
  'slowStart',
  'probe',
  'discoverModels',
  'warmPool',
];

/** Option and default of each row of the tables under a heading, deeper headings included. */
function rowsUnder(heading: string): Map<string, string> {
  const depth = heading.indexOf(' ');
  const begin = page.indexOf(`\n${heading}\n`) + 1;
  const next = new RegExp(`\n#{1,${depth}} `, 'g');
  next.lastIndex = begin + heading.length;
  const section = page.slice(begin, next.exec(page)?.index ?? page.length);
  const rows = [...section.matchAll(/^\| `([\w.]+)` \| (.*?) \|/gm)];
  return new Map(rows.map(([, option = '', fallback = '']) => [option, fallback]));
}

/** The options known at a place, out of the message that refuses one that is not. */
function known(refused: () => unknown): string[] {
  try {
    refused();
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    return /known: ([^)]*)\)/.exec(error.rule)?.[1]?.split(', ') ?? [];
  }
  throw new Error('the unknown option was accepted');
}

function construct(options: object): LoadBalancer {
  return new LoadBalancer({ endpoints: ENDPOINTS, ...options });
}

/** `{ retry: { budget: { nonsense: 1 } } }` for `retry.budget`. */
function nonsenseAt(path: string): object {
  return path.split('.').reduceRight<object>((inner, key) => ({ [key]: inner }), { nonsense: 1 });
}

function valueAt(root: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root);
}

describe('the page of options', () => {
  it('has every option of a balancer and no other', () => {
    const top = known(() => construct({ nonsense: 1 }));
    const inGroups = GROUPS.flatMap((group) =>
      known(() => construct(nonsenseAt(group))).map((option) => `${group}.${option}`),
    );
    const options = [...top, ...inGroups].filter((option) => !GROUPS.includes(option));
    expect(options.length).toBeGreaterThan(30);
    expect([...rowsUnder('## LoadBalancer').keys()].sort()).toEqual(options.sort());
  });

  it('has every option of an endpoint and no other', () => {
    const options = known(() => construct({ endpoints: [{ ...ENDPOINTS[0], nonsense: 1 }] }));
    expect([...rowsUnder('## Endpoints').keys()].sort()).toEqual(options.sort());
  });

  it('has, on the page of load signals, every option of metrics and no other, with its default', () => {
    const metrics = (extra: object) =>
      construct({ endpoints: [{ ...ENDPOINTS[0], metrics: { parser: vllm(), ...extra } }] });
    const options = known(() => metrics({ nonsense: 1 })).map((option) => `metrics.${option}`);
    const signals = readFileSync('docs/load-signals.md', 'utf8');
    const rows = new Map(
      [...signals.matchAll(/^\| `(metrics\.\w+)` \| (.*?) \|/gm)].map(([, option = '', text = '']) => [
        option,
        text,
      ]),
    );
    expect([...rows.keys()].sort()).toEqual(options.sort());
    const [resolved] = resolveOptions({
      endpoints: [{ ...ENDPOINTS[0], metrics: { parser: vllm() } }],
    }).endpoints;
    expect(JSON.parse(asJson(rows.get('metrics.interval')?.replaceAll('`', '') ?? ''))).toBe(
      resolved?.metrics[0]?.interval,
    );
  });

  it('has every override of a request and no other', () => {
    const overrides: Record<keyof RequestOverrides, true> = {
      priority: true,
      affinityKey: true,
      endpoints: true,
      timeouts: true,
      bufferBody: true,
      serverTiming: true,
      policyData: true,
    };
    const options = Object.keys(overrides).map((option) => `evenkeel.${option}`);
    expect([...rowsUnder('## For one request').keys()].sort()).toEqual(options.sort());
  });

  it('has the defaults that the code has', () => {
    const resolved = resolveOptions({ endpoints: ENDPOINTS, hedge: true, discoverModels: true });
    const actual = {
      ...resolved,
      retry: { ...RETRY_DEFAULTS, budget: resolved.retry?.budget },
      ...resolved.endpoints[0],
    };
    const literals = [...rowsUnder('## LoadBalancer'), ...rowsUnder('## Endpoints')].flatMap(
      ([option, text]) => {
        const [, literal] = /^`([\d._]+|Infinity|true|false)`$/.exec(text) ?? [];
        return literal === undefined ? [] : [[option, JSON.parse(asJson(literal)) as unknown] as const];
      },
    );
    expect(literals.length).toBeGreaterThan(25);
    for (const [option, value] of literals) {
      expect([option, valueAt(actual, option)]).toEqual([option, value === null ? Infinity : value]);
    }
  });
});

/** `10_000` and `Infinity` as JSON has them: 10000 and null. */
function asJson(literal: string): string {
  return literal === 'Infinity' ? 'null' : literal.replaceAll('_', '');
}
