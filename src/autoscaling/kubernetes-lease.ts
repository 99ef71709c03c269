import type { Clock, Random, Timer } from '../core/clock.js';
import { functionOption, numberOption, optionFields, withMethods } from '../core/option-checks.js';
import type { LeaderElection, LeadershipListener } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import { systemClock, systemRandom } from '../system.js';
import type { KubernetesApi, KubernetesApiOptions } from '../transport/kubernetes-api.js';
import { KubernetesApiError } from '../transport/kubernetes-api-error.js';
import { apiOption, objectName } from './kubernetes-options.js';
import { heldBy, type LeaseRecord, leaseObject } from './lease-record.js';

/** Options of `kubernetesLease`. */
export interface KubernetesLeaseOptions {
  /** Name of the Lease; processes that name the same one elect one leader. It is created when it is missing. */
  readonly name: string;
  /** Default: the namespace that this process runs in. */
  readonly namespace?: string;
  /** How long after a leader's death another leads at the latest, in ms. At least 5000, default 15 000. */
  readonly lease?: number;
  /** What this process is called in the Lease. Default: the host's name and a random part. */
  readonly identity?: string;
  /** How the API is reached. Default: as a pod does. */
  readonly api?: KubernetesApi | KubernetesApiOptions;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** For tests. Default: `Math.random`. */
  readonly random?: Random;
}

/** Parts of `lease`: how often a leader renews and others look; when a leader that cannot renew steps down; and when
 * others take over from one of whom they have heard nothing. A leader is gone well before another comes, and
 * `LOOK + TAKE_OVER` is less than 1, so that another comes within the lease of the leader's last sign of life. */
const LOOK = 0.1;
const STEP_DOWN = 0.6;
const TAKE_OVER = 0.8;

/**
 * Elects one leader among processes, through a Kubernetes Lease. Nobody compares clocks: each measures, on its own,
 * how long the Lease has not changed. Needs `get`, `create` and `update` on `leases` (coordination.k8s.io).
 *
 * @throws InvalidOptionError
 */
export function kubernetesLease(options: KubernetesLeaseOptions): LeaderElection {
  const fields = optionFields<KubernetesLeaseOptions>('kubernetesLease', options ?? null, [
    'name',
    'namespace',
    'lease',
    'identity',
    'api',
    'clock',
    'random',
  ]);
  const random = functionOption('kubernetesLease.random', fields.random) ?? systemRandom;
  const { namespace, identity = defaultIdentity(random) } = fields;
  if (typeof identity !== 'string' || identity === '')
    throw new InvalidOptionError('kubernetesLease.identity', 'must be a text that is not empty', identity);
  const terms: Terms = {
    name: objectName('kubernetesLease.name', fields.name),
    namespace: namespace === undefined ? undefined : objectName('kubernetesLease.namespace', namespace),
    lease: numberOption('kubernetesLease.lease', fields.lease, 15_000, { min: 5_000 }),
    identity,
    api: apiOption('kubernetesLease.api', fields.api),
    clock: withMethods('kubernetesLease.clock', fields.clock, ['now', 'wallTime', 'setTimer']) ?? systemClock,
  };
  return {
    name: `kubernetes-lease:${terms.name}`,
    campaign(listener) {
      const campaign = new Campaign(terms, listener);
      return () => campaign.stop();
    },
  };
}

interface Terms {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly lease: number;
  readonly identity: string;
  readonly api: KubernetesApi;
  readonly clock: Clock;
}

class Campaign {
  readonly #terms: Terms;
  readonly #listener: LeadershipListener;
  /** The lease as last seen, and when it was first seen so. */
  #seen: { readonly record: LeaseRecord; readonly at: number } | undefined;
  #leading = false;
  #stopped = false;
  #look: Timer | undefined;
  #deadline: Timer | undefined;
  #round: Promise<void> | undefined;

  constructor(terms: Terms, listener: LeadershipListener) {
    this.#terms = terms;
    this.#listener = listener;
    this.#next(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#look?.close();
    await this.#round;
    this.#lead(false);
    const { spec } = this.#seen?.record ?? {};
    if (spec?.holderIdentity !== this.#terms.identity) return;
    // So that the others need not wait; when it cannot be said, they wait.
    await this.#write({ ...spec, holderIdentity: '' }).catch(() => {});
  }

  #next(delay: number): void {
    if (this.#stopped) return;
    this.#look = this.#terms.clock.setTimer(() => {
      this.#round = this.#tryToLead();
    }, delay);
    this.#look.unref?.();
  }

  async #tryToLead(): Promise<void> {
    const { clock, lease, identity } = this.#terms;
    const startedAt = clock.now();
    try {
      // A leader knows what it wrote last; when it is wrong, the write is refused and it looks.
      if (!this.#leading) await this.#read();
      const wait = this.#leading ? 0 : this.#waitFor(clock.now());
      if (wait > 0) return this.#next(Math.min(wait, lease * LOOK));
      await this.#write(heldBy(identity, this.#seen?.record.spec, { wallTime: clock.wallTime(), lease }));
      this.#renewed(startedAt);
    } catch (error) {
      // Somebody else was quicker. A leader looks whether it still is one.
      if (error instanceof KubernetesApiError && error.status === 409) await this.#lost();
      else this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
    }
    this.#next(lease * LOOK);
  }

  /** How long this process must still wait before it may take the lease; 0 when it is free, or its own. */
  #waitFor(now: number): number {
    if (this.#seen === undefined) return 0;
    const { holderIdentity: holder = '', leaseDurationSeconds = 0 } = this.#seen.record.spec ?? {};
    if (holder === '' || holder === this.#terms.identity) return 0;
    return this.#seen.at + leaseDurationSeconds * 1000 * TAKE_OVER - now;
  }

  async #read(): Promise<void> {
    const { api, clock } = this.#terms;
    const record = await api.request({ path: await this.#path() }).catch((error: unknown) => {
      if (error instanceof KubernetesApiError && error.status === 404) return undefined;
      throw error;
    });
    const before = this.#seen?.record.metadata?.resourceVersion;
    if (record === undefined) this.#seen = undefined;
    else if ((record as LeaseRecord).metadata?.resourceVersion !== before || before === undefined)
      this.#seen = { record: record as LeaseRecord, at: clock.now() };
  }

  async #write(spec: LeaseRecord['spec'] & object): Promise<void> {
    const { api, name, clock } = this.#terms;
    const namespace = await this.#namespace();
    const version = this.#seen?.record.metadata?.resourceVersion;
    const body = leaseObject({ name, namespace }, spec, version);
    const path = await this.#path();
    const written = await (this.#seen === undefined
      ? api.request({ method: 'POST', path: path.slice(0, path.lastIndexOf('/')), body })
      : api.request({ method: 'PUT', path, body }));
    this.#seen = { record: written as LeaseRecord, at: clock.now() };
  }

  /** The lease is ours from when we asked for it, for `STEP_DOWN` of its time unless it is renewed. */
  #renewed(startedAt: number): void {
    const { clock, lease } = this.#terms;
    this.#deadline?.close();
    const left = startedAt + lease * STEP_DOWN - clock.now();
    if (this.#stopped || left <= 0) return this.#lead(false);
    this.#deadline = clock.setTimer(() => this.#lead(false), left);
    this.#deadline.unref?.();
    this.#lead(true);
  }

  async #lost(): Promise<void> {
    try {
      await this.#read();
      if (this.#seen?.record.spec?.holderIdentity !== this.#terms.identity) this.#lead(false);
    } catch (error) {
      this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lead(leading: boolean): void {
    if (!leading) this.#deadline?.close();
    if (leading === this.#leading) return;
    this.#leading = leading;
    this.#listener.changed(leading);
  }

  async #path(): Promise<string> {
    const namespace = await this.#namespace();
    return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${this.#terms.name}`;
  }

  async #namespace(): Promise<string> {
    return this.#terms.namespace ?? (await this.#terms.api.namespace());
  }
}

function defaultIdentity(random: Random): string {
  const part = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  return `${process.env.HOSTNAME ?? 'evenkeel'}_${part}`;
}
