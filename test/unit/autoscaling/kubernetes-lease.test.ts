import { describe, expect, it } from 'vitest';
import { type KubernetesLeaseOptions, kubernetesLease } from '../../../src/autoscaling/index.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { InMemoryKubernetes } from '../../support/kubernetes/in-memory-api.js';

const LEASE = 15_000;
const PATH = '/apis/coordination.k8s.io/v1/namespaces/default/leases/scaler';

/** One process of the app that stands for election, on its own clock or on the common one. */
class Process {
  readonly api;
  readonly failures: string[] = [];
  leading = false;
  /** When it last began to lead, on the clock of the test. */
  since: number | undefined;
  readonly #stop: () => Promise<void>;

  constructor(
    kubernetes: InMemoryKubernetes,
    clock: ManualClock,
    identity: string,
    options: Partial<KubernetesLeaseOptions> = {},
  ) {
    this.api = kubernetes.connect();
    this.#stop = kubernetesLease({
      name: 'scaler',
      lease: LEASE,
      identity,
      api: this.api,
      clock,
      ...options,
    }).campaign({
      changed: (leading) => {
        this.leading = leading;
        if (leading) this.since = clock.now();
      },
      failed: (error) => this.failures.push(error.message),
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

function lease(kubernetes: InMemoryKubernetes): Promise<{ spec: Record<string, unknown> }> {
  return kubernetes.connect().request({ path: PATH }) as Promise<{ spec: Record<string, unknown> }>;
}

describe('kubernetesLease', () => {
  it('makes one of two processes the leader, and keeps it', async () => {
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    const processes = ['a', 'b'].map((name) => new Process(kubernetes, clock, name));
    await clock.advanceAsync(0);
    expect(processes.map(({ leading }) => leading)).toEqual([true, false]);
    await clock.advanceAsync(600_000);
    expect(processes.map(({ leading }) => leading)).toEqual([true, false]);
    expect((await lease(kubernetes)).spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:10:00.000000Z',
      leaseTransitions: 0,
    });
    expect(processes.flatMap(({ failures }) => failures)).toEqual([]);
  });

  // A leader may die right after it renewed, or just before it would have.
  it.each([0, 1, 700, 1_499])(
    'lets another take over within the lease time when the leader dies %i ms after it renewed',
    async (phase) => {
      const clock = manualClock();
      const kubernetes = new InMemoryKubernetes();
      const first = new Process(kubernetes, clock, 'a');
      await clock.advanceAsync(200);
      const second = new Process(kubernetes, clock, 'b');
      await clock.advanceAsync(60_000 - 200 + phase);
      // Dead processes send nothing more, and give nothing back.
      first.api.down = true;
      const died = clock.now();
      await clock.advanceAsync(LEASE);
      expect(second.leading).toBe(true);
      expect((second.since ?? 0) - died).toBeLessThanOrEqual(LEASE);
      expect((await lease(kubernetes)).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    },
  );

  it('has no two leaders at any time, whoever is cut off from the API and whenever', async () => {
    const seed = 15;
    const random = seededRandom(seed);
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    const processes = ['a', 'b', 'c'].map((name) => new Process(kubernetes, clock, name));
    let led = 0;
    for (let turn = 0; turn < 3000; turn++) {
      if (turn % 40 === 0) for (const { api } of processes) api.down = random() < 0.5;
      await clock.advanceAsync(Math.floor(random() * 1000));
      const leaders = processes.filter(({ leading }) => leading).length;
      expect(leaders, `turn ${turn}, seed ${seed}`).toBeLessThanOrEqual(1);
      led += leaders;
    }
    expect(led).toBeGreaterThan(1000);
    const transitions = (await lease(kubernetes)).spec.leaseTransitions;
    expect(transitions).toBeGreaterThan(5);
  });

  it('steps down when it cannot renew, before another may lead, and says why', async () => {
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    const first = new Process(kubernetes, clock, 'a');
    const second = new Process(kubernetes, clock, 'b');
    await clock.advanceAsync(30_000);
    first.api.down = true;
    await clock.advanceAsync(9_000);
    expect([first.leading, second.leading]).toEqual([false, false]);
    expect(first.failures[0]).toMatch(/cut off/);
    await clock.advanceAsync(6_000);
    expect([first.leading, second.leading]).toEqual([false, true]);
    first.api.down = false;
    await clock.advanceAsync(60_000);
    expect([first.leading, second.leading]).toEqual([false, true]);
  });

  it('hands the lead over at once when it stops', async () => {
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    const first = new Process(kubernetes, clock, 'a');
    const second = new Process(kubernetes, clock, 'b');
    await clock.advanceAsync(30_000);
    await first.stop();
    expect(first.leading).toBe(false);
    expect((await lease(kubernetes)).spec.holderIdentity).toBe('');
    await clock.advanceAsync(LEASE / 10);
    expect(second.leading).toBe(true);
    await second.stop();
    expect(clock.pending).toBe(0);
  });

  it('takes its own lease back at once after a restart under the same name', async () => {
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    const before = new Process(kubernetes, clock, 'a');
    await clock.advanceAsync(5_000);
    before.api.down = true;
    const after = new Process(kubernetes, clock, 'a');
    await clock.advanceAsync(0);
    expect(after.leading).toBe(true);
  });

  it('is not misled by clocks that are hours apart', async () => {
    const clock = manualClock();
    const late: ManualClock = {
      ...clock,
      wallTime: () => clock.wallTime() - 5 * 3_600_000,
      now: () => clock.now() + 1e9,
    };
    const kubernetes = new InMemoryKubernetes();
    const first = new Process(kubernetes, clock, 'a');
    await clock.advanceAsync(100);
    const second = new Process(kubernetes, late, 'b', { clock: late });
    await clock.advanceAsync(300_000);
    expect([first.leading, second.leading]).toEqual([true, false]);
  });

  it('steps down when somebody else has written itself into the lease', async () => {
    const clock = manualClock();
    const kubernetes = new InMemoryKubernetes();
    const first = new Process(kubernetes, clock, 'a');
    await clock.advanceAsync(5_000);
    const { spec, ...rest } = (await lease(kubernetes)) as { spec: object } & { metadata: object };
    await kubernetes.connect().request({
      method: 'PUT',
      path: PATH,
      body: { ...rest, spec: { ...spec, holderIdentity: 'kubectl' } },
    });
    await clock.advanceAsync(1_500);
    expect(first.leading).toBe(false);
  });

  it.each<[string, Partial<KubernetesLeaseOptions>]>([
    ['kubernetesLease.name', { name: 'Scaler/..' }],
    ['kubernetesLease.namespace', { namespace: '' }],
    ['kubernetesLease.lease', { lease: 4_999 }],
    ['kubernetesLease.identity', { identity: '' }],
    ['kubernetesLease.nonsense', { nonsense: 1 } as object],
  ])('refuses a bad `%s`', (option, options) => {
    const build = () =>
      kubernetesLease({ name: 'scaler', api: new InMemoryKubernetes().connect(), ...options });
    expect(build).toThrow(InvalidOptionError);
    expect(build).toThrow(`\`${option}\``);
  });
});
