import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/core/clock.js';
import type { PodReading, ScalingPod } from '../../../src/core/scaling.js';
import {
  type HorizontalBehavior,
  type HorizontalMetric,
  type HorizontalOptions,
  type HorizontalRules,
  horizontal,
} from '../../../src/scaling/horizontal.js';
import { fakeSituation } from '../../../src/testing/fake-situation.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { KubernetesHpa } from './kubernetes-hpa.js';

const CASES = 10_000;
const FIRST_SEED = 6_000_000;

/** Draws that come near every edge: small whole numbers, ratios of exactly 0.9, 1 and 1.1, and a few odd ones. */
class Draw {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  one<Item>(...items: readonly [Item, ...Item[]]): Item {
    return items[this.whole(0, items.length - 1)] ?? items[0];
  }

  maybe<Item>(share: number, make: () => Item): Item | undefined {
    return this.chance(share) ? make() : undefined;
  }

  rules(): HorizontalRules {
    return {
      stabilizationWindowSeconds: this.maybe(0.6, () => this.one(0, 15, 60, 300)),
      selectPolicy: this.maybe(0.5, () => this.one('Max', 'Max', 'Min', 'Min', 'Disabled')),
      tolerance: this.maybe(0.2, () => this.one(0, 0.05, 0.1, 0.3)),
      policies: this.maybe(0.6, () =>
        Array.from({ length: this.whole(1, 3) }, () => ({
          type: this.one('Pods', 'Percent'),
          value: this.one(1, 2, 4, 10, 33, 100, 150),
          periodSeconds: this.one(1, 15, 60, 120),
        })),
      ),
    };
  }

  metric(index: number, read: () => number | undefined): HorizontalMetric {
    const name = this.one('cpu', 'memory', `load-${index}`);
    const averageValue = this.one(0.1, 0.25, 1, 5, 10, 100);
    switch (this.one('value', 'average', 'pods', 'resource', 'percent')) {
      case 'value':
        return { type: 'External', name, target: { value: averageValue * 10 }, read };
      case 'average':
        return { type: 'External', name, target: { averageValue }, read };
      case 'pods':
        return { type: 'Pods', name, target: { averageValue } };
      case 'resource':
        return { type: 'Resource', name, target: { averageValue } };
      case 'percent':
        return { type: 'Resource', name, target: { averageUtilization: this.one(50, 70, 100, 150) } };
    }
  }

  value(): number {
    const base = this.one(0, 0.1, 0.3, 0.7, 1, 5, 10, 55, 100, 1234.5678);
    return base * this.one(0, 0.5, 0.9, 0.95, 1, 1, 1.05, 1.1, 1.11, 1.2, 2, 7.3);
  }

  pod(index: number, now: number, names: readonly string[]): ScalingPod {
    const readings: Record<string, PodReading> = {};
    const requests: Record<string, number> = {};
    for (const name of names) {
      if (this.chance(0.85))
        readings[name] = {
          value: this.chance(0.03) ? Number.NaN : this.value(),
          observedAt: this.maybe(0.7, () => now - this.whole(0, 60) * 1000),
          window: this.maybe(0.7, () => this.one(0, 15_000, 60_000)),
        };
      if (this.chance(0.995)) requests[name] = this.one(0, 0.5, 1, 1, 2, 100);
    }
    const startedAt = now - this.one(0, 10, 40, 200, 299, 300, 301, 1000) * 1000;
    return {
      name: `pod-${index}`,
      phase: this.one('Running', 'Running', 'Running', 'Running', 'Running', 'Pending', 'Failed', 'Unknown'),
      deleted: this.maybe(0.05, () => true),
      ready: this.maybe(0.95, () => this.chance(0.8)),
      startedAt: this.maybe(0.97, () => startedAt),
      readyChangedAt: this.maybe(0.97, () => startedAt + this.one(0, 10, 29, 30, 31, 100) * 1000),
      readings,
      requests,
    };
  }
}

function drawOptions(draw: Draw, read: () => number | undefined): HorizontalOptions {
  const min = draw.one(0, 1, 1, 1, 2, 5);
  return {
    min,
    max: Math.max(1, min) + draw.one(0, 3, 8, 50, 1000),
    metrics: Array.from({ length: draw.whole(1, 3) }, (_, index) => draw.metric(index, read)),
    behavior: draw.maybe(
      0.75,
      (): HorizontalBehavior => ({
        scaleUp: draw.maybe(0.8, () => draw.rules()),
        scaleDown: draw.maybe(0.8, () => draw.rules()),
      }),
    ),
    tolerance: draw.maybe(0.2, () => draw.one(0, 0.05, 0.2)),
    downscaleStabilization: draw.maybe(0.2, () => draw.one(0, 60_000, 300_000)),
    cpuInitializationPeriod: draw.maybe(0.2, () => draw.one(0, 60_000)),
    initialReadinessDelay: draw.maybe(0.2, () => draw.one(0, 10_000)),
  };
}

/** One fleet over a dozen decisions, by both; what they chose, and how often it changed. */
function runCase(seed: number): { ours: (number | undefined)[]; theirs: (number | undefined)[] } {
  const draw = new Draw(seed);
  let reading: number | undefined;
  const options = drawOptions(draw, () => reading);
  const names = [...new Set(options.metrics.map(({ name }) => name))];
  const policy = horizontal(options);
  const model = new KubernetesHpa(options);
  const ours: (number | undefined)[] = [];
  const theirs: (number | undefined)[] = [];
  let desired = draw.one(0, 1, 1, 2, 3, 5, 10, 40, 100, 140);
  for (let turn = 0, now = 0; turn < 10; turn++) {
    reading = draw.chance(0.08) ? draw.one(undefined, Number.NaN) : draw.value() * draw.one(1, 1, 10);
    const count = draw.chance(0.8) ? desired : draw.whole(0, 12);
    const pods = draw.maybe(0.95, () =>
      Array.from({ length: Math.min(count, 12) }, (_, index) => draw.pod(index, now, names)),
    );
    const ready = draw.whole(0, desired);
    const situation = fakeSituation({ now, desired, ready, pods });
    const mine = policy.decide(situation)?.replicas;
    const kubernetes = model.reconcile(situation);
    ours.push(mine);
    theirs.push(kubernetes);
    // Now and then the API server does not take it.
    if (kubernetes !== undefined && kubernetes !== desired && draw.chance(0.9)) {
      model.rescaled(desired, kubernetes, now);
      desired = kubernetes;
    }
    now += draw.one(1, 15, 15, 15, 15, 30, 60, 300) * 1000;
  }
  return { ours, theirs };
}

describe('horizontal beside a second model of the HPA', () => {
  it(`chooses the same in ${CASES} random cases of 10 decisions each`, () => {
    const kinds = new Map<string, number>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const { ours, theirs } = runCase(seed);
      expect(ours, `seed ${seed}`).toEqual(theirs);
      for (const [index, now] of theirs.entries()) {
        const before = theirs[index - 1];
        if (index === 0) continue;
        const kind =
          now === undefined || before === undefined ? 'unknown' : Math.sign(now - before).toString();
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    }
    // The cases would prove little if nearly all of them stood still.
    for (const kind of ['1', '-1', '0', 'unknown'])
      expect([kind, (kinds.get(kind) ?? 0) > 2_000]).toEqual([kind, true]);
  });
});
