import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Autoscaler,
  kedaMetrics,
  kubernetesLease,
  kubernetesScale,
  webhook,
} from '../../src/autoscaling/index.js';
import type { ScalingEvent } from '../../src/core/scaling.js';
import { InvalidOptionError } from '../../src/errors.js';
import type { LoadBalancer } from '../../src/index.js';
import { horizontal } from '../../src/scaling/horizontal.js';
import { queueDepthTiers } from '../../src/scaling/queue-depth-tiers.js';
import { schedule } from '../../src/scaling/schedule.js';
import { stabilized } from '../../src/scaling/stabilized.js';
import { fakeSituation } from '../../src/testing/fake-situation.js';
import { FakeKubernetes } from '../support/fake-kubernetes.js';
import { deployment } from '../support/kubernetes/manifests.js';
import { codeBlocks } from './markdown.js';
import { runBlock } from './run-block.js';

const page = readFileSync('docs/autoscaling.md', 'utf8');
const balancer = { snapshot: () => fakeSituation().balancer };

/** First cells of the table of a section that has a column of defaults. */
function optionsUnder(heading: string): string[] {
  const section = page.split(`\n${heading}\n`)[1]?.split(/\n#{2,3} /)[0] ?? '';
  const table = section.split('| Option | Default | Meaning |\n')[1]?.split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, option = '']) => option);
}

/** The options that a factory knows, out of the message that refuses one it does not. */
function known(build: (options: never) => unknown): string[] {
  try {
    build({ nonsense: 1 } as never);
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    return /known: ([^)]*)\)/.exec(error.rule)?.[1]?.split(', ') ?? [];
  }
  throw new Error('the unknown option was accepted');
}

describe('The page on autoscaling', () => {
  it('begins with an example that scales a Deployment', async () => {
    await using fake = await FakeKubernetes.start();
    fake.apply(deployment('llm', 1));
    const [first] = codeBlocks(page);
    const code = (first?.code ?? '').replace('http://127.0.0.1:8001', fake.url);
    expect(code).toContain(fake.url);
    const printed: string[] = [];
    const made = (await runBlock(code, {
      gives: ['autoscaler', 'balancer'],
      globals: { console: { log: (line: string) => printed.push(line) } },
    })) as { readonly autoscaler: Autoscaler; readonly balancer: LoadBalancer };
    const events: ScalingEvent[] = [];
    await new Promise<void>((resolve) => {
      made.autoscaler.observe((event) => {
        events.push(event);
        if (event.type === 'scaled' || event.type === 'scaling-failed') resolve();
      });
    });
    expect(events.map(({ type }) => type)).toEqual(['scaling-leader', 'scaled']);
    expect(printed).toEqual(['1 → 2: queue depth 0 is at least 0']);
    expect(fake.get('deployments', 'llm').spec).toMatchObject({ replicas: 2 });
    await made.autoscaler.close();
    await made.balancer.close();
    expect(fake.get('leases', 'llm-autoscaler').spec).toMatchObject({ holderIdentity: '' });
  });

  it.each<[string, (options: never) => unknown]>([
    ['### horizontal', horizontal],
    ['### queueDepthTiers', queueDepthTiers],
    ['### schedule', schedule],
    ['### stabilized', (options) => stabilized(queueDepthTiers(), options)],
    ['## Autoscaler', (options) => new Autoscaler(balancer, options)],
    ['### kubernetesScale', kubernetesScale],
    ['### kubernetesLease', kubernetesLease],
    ['### webhook', webhook],
    ['## With KEDA', (options) => kedaMetrics(balancer, options)],
  ])('has every option under %s and no other', (heading, build) => {
    expect(optionsUnder(heading).sort()).toEqual(known(build).sort());
  });

  it('has every event and every name that KEDA is told', () => {
    const events: Record<ScalingEvent['type'], true> = {
      scaled: true,
      'scaling-held': true,
      'scaling-failed': true,
      'scaling-leader': true,
    };
    for (const type of Object.keys(events)) expect(page).toContain(`| \`${type}\` |`);
    const report = kedaMetrics(balancer, { autoscaler: { desiredReplicas: 1 } }).report();
    for (const name of Object.keys(report)) expect(page).toContain(`| \`${name}\` |`);
  });
});
