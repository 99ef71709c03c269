import type { Actuator, TargetState } from '../../core/scaling.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { ResolvedAutoscaling } from './autoscaling-options.js';
import type { Fleet } from './fleet.js';
import { newPod, podReading, type SimulatedPod, startTime } from './simulated-pod.js';

/** How often the use of pods is measured, in ms: the resolution of Kubernetes' metrics-server. */
const SCRAPE = 15_000;

export interface ScaledFleetTerms {
  readonly clock: VirtualClock;
  readonly fleet: Fleet;
  readonly options: ResolvedAutoscaling;
  /** What balancers are told of a new replica. */
  readonly weight: number;
}

/**
 * Replicas that are asked for, start, serve, finish their streams and end, as the pods of a Deployment do: what is
 * not ready goes first, then the youngest. A warm pool beside them is taken from before anything is started.
 */
export class ScaledFleet implements Actuator {
  readonly name = 'simulated fleet';
  readonly #terms: ScaledFleetTerms;
  readonly #pods: SimulatedPod[] = [];
  #made = 0;

  constructor(terms: ScaledFleetTerms) {
    this.#terms = terms;
    for (const { id } of terms.fleet.members) this.#pods.push(newPod(id, 0, { role: 'serving', readyAt: 0 }));
    for (let count = 0; count < terms.options.warmPool; count++) this.#start('pool', 0);
    this.#scrape();
  }

  get desired(): number {
    return this.#of('serving').length;
  }

  get ready(): number {
    return this.#of('serving').filter((pod) => this.#isUp(pod)).length;
  }

  /** Milliseconds of replicas so far, from the asking to the end of each. */
  get replicaTime(): number {
    const now = this.#terms.clock.now();
    return this.#pods.reduce((sum, { askedAt, endedAt = now }) => sum + endedAt - askedAt, 0);
  }

  async read(): Promise<TargetState> {
    const { fleet, options, clock } = this.#terms;
    const pods = [...this.#of('serving'), ...this.#of('leaving')];
    const { schedule, pull } = options.coldStart;
    return {
      desired: this.desired,
      ready: this.ready,
      pods: pods.map((pod) => ({
        name: pod.id,
        // A pod of the beginning has had its start.
        phase:
          pod.readyAt === undefined && clock.now() < pod.askedAt + schedule + pull ? 'Pending' : 'Running',
        deleted: pod.role === 'leaving',
        ready: fleet.get(pod.id).server.state === 'up',
        readyChangedAt: pod.readyAt ?? pod.askedAt + schedule,
        startedAt: pod.askedAt + schedule,
        requests: { cpu: 1 },
        ...(pod.reading === undefined ? {} : { readings: { cpu: pod.reading } }),
      })),
    };
  }

  async scale(replicas: number): Promise<void> {
    for (let count = this.desired; count < replicas; count++) this.#add();
    for (let count = this.desired; count > replicas; count--) this.#end();
    this.#fillPool();
  }

  /** One more serves: of the warm pool, loaded or nearly, or a new one. */
  #add(): void {
    const pool = this.#of('pool');
    const pod = pool.find((one) => this.#isUp(one)) ?? pool[0];
    if (pod === undefined) return this.#start('serving');
    pod.role = 'serving';
    if (this.#isUp(pod)) this.#terms.fleet.announce(pod.id);
  }

  /** One fewer serves. */
  #end(): void {
    const { clock, fleet, options } = this.#terms;
    const serving = this.#of('serving');
    const pod = serving.findLast((one) => !this.#isUp(one)) ?? serving.at(-1);
    if (pod === undefined) return;
    const announced = pod.readyAt !== undefined;
    pod.role = 'leaving';
    const gone = () => {
      if (announced && this.#of('pool').length < options.warmPool) {
        pod.role = 'pool';
        return;
      }
      pod.role = 'ended';
      pod.endedAt = clock.now();
      fleet.get(pod.id).server.kill();
    };
    if (announced) void fleet.withdraw(pod.id).then(gone);
    else gone();
  }

  #fillPool(): void {
    const { warmPool } = this.#terms.options;
    for (let count = this.#of('pool').length; count < warmPool; count++) this.#start('pool');
  }

  #start(role: 'serving' | 'pool', time = startTime(this.#terms.options.coldStart)): void {
    const { clock, fleet, options, weight } = this.#terms;
    const id = this.#newId();
    const pod = newPod(id, clock.now(), { role });
    this.#pods.push(pod);
    const ready = () => {
      pod.readyAt = clock.now();
      if (pod.role === 'serving') fleet.announce(id);
    };
    fleet.prepare({ ...options.replica, id }, weight, { time, ready });
  }

  #newId(): string {
    const taken = new Set(this.#terms.fleet.members.map(({ id }) => id));
    for (;;) {
      const id = `scaled-${++this.#made}`;
      if (!taken.has(id)) return id;
    }
  }

  #scrape(): void {
    const { clock, fleet } = this.#terms;
    clock.schedule(() => {
      for (const pod of this.#pods) {
        if (pod.role === 'ended') continue;
        const { server } = fleet.get(pod.id);
        const reading = podReading(pod, server.replica.busy, { now: clock.now(), window: SCRAPE });
        pod.reading = server.state === 'up' ? reading : undefined;
      }
      this.#scrape();
    }, SCRAPE);
  }

  #isUp({ id }: SimulatedPod): boolean {
    return this.#terms.fleet.get(id).server.state === 'up';
  }

  #of(role: SimulatedPod['role']): readonly SimulatedPod[] {
    return this.#pods.filter((pod) => pod.role === role);
  }
}
