import { Observers } from '../balancer/engine/observers.js';
import type { Timer } from '../core/clock.js';
import type { DesiredReplicas, ScalingEvent, ScalingObserver } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import { type AutoscalerOptions, type ResolvedAutoscaler, resolveAutoscaler } from './autoscaler-options.js';
import { type CheckResult, checkFleet, type ScalingSource } from './check-fleet.js';

/**
 * Drives the replicas behind a balancer: every `interval` its snapshot goes to the policy, and the policy's decision
 * to the actuator. One check at a time; the first begins with the construction.
 *
 * @throws InvalidOptionError at construction
 * @example
 * const autoscaler = new Autoscaler(balancer, {
 *   policy: stabilized(queueDepthTiers()),
 *   actuator: kubernetesScale({ name: 'llm' }),
 *   min: 2,
 *   max: 10,
 * });
 */
export class Autoscaler implements AsyncDisposable, DesiredReplicas {
  readonly #source: ScalingSource;
  readonly #options: ResolvedAutoscaler;
  readonly #observers: Observers<ScalingEvent>;
  readonly #stopCampaign: (() => Promise<void>) | undefined;
  #leading: boolean;
  #desired: number | undefined;
  /** What this process asked for last: stands in for an actuator that cannot read. */
  #asked: number | undefined;
  /** What the log was last told; the same again is not worth a line. */
  #logged: string | undefined;
  #timer: Timer | undefined;
  #check: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  #closed = false;

  constructor(balancer: ScalingSource, options: AutoscalerOptions) {
    this.#source = balancer;
    this.#options = resolveAutoscaler(options);
    this.#observers = new Observers(this.#options.logger);
    const { leader } = this.#options;
    this.#leading = leader === undefined;
    this.#schedule(0);
    this.#stopCampaign = leader?.campaign({
      changed: (leading) => this.#leaderChanged(leading),
      failed: (error) => this.#tell({ type: 'scaling-failed', step: 'lead', error }),
    });
  }

  /** What the fleet is meant to be; `undefined` until the first check, and in a process that does not lead. */
  get desiredReplicas(): number | undefined {
    return this.#leading ? this.#desired : undefined;
  }

  /** Whether this process is the one that scales. */
  get leading(): boolean {
    return this.#leading;
  }

  /**
   * Hears of every change, and of every reason not to change. The same events go to `node:diagnostics_channel` as
   * `evenkeel:*`.
   * @returns stops it
   * @throws InvalidOptionError for what is no function
   */
  observe(observer: ScalingObserver): () => void {
    if (typeof observer !== 'function')
      throw new InvalidOptionError('observer', 'must be a function', observer);
    return this.#observers.add(observer);
  }

  /** Checks now instead of at the next interval, or joins the check under way. Never rejects. */
  check(): Promise<void> {
    if (this.#closed || !this.#leading) return Promise.resolve();
    if (this.#check === undefined) {
      this.#timer?.close();
      const abort = new AbortController();
      this.#check = { done: this.#run(abort.signal), abort };
    }
    return this.#check.done;
  }

  /** Stops, gives the lead up, and leaves the fleet as it is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.close();
    this.#check?.abort.abort(new Error('The autoscaler was closed'));
    await Promise.all([this.#check?.done, this.#stopCampaign?.()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, interval } = this.#options;
    const startedAt = clock.now();
    const result = await checkFleet({
      source: this.#source,
      options: this.#options,
      asked: this.#asked,
      signal,
    });
    this.#check = undefined;
    // A check that was cut short by the loss of the lead, or the end, has nothing to tell.
    if (!signal.aborted) this.#note(result);
    // A check that took longer than the interval does not make the next one follow on its heels.
    const left = startedAt + interval - clock.now();
    this.#schedule(left > 0 ? left : interval);
  }

  #note(result: CheckResult): void {
    const { dryRun } = this.#options;
    if (result.kind === 'failed') {
      const { step, error } = result;
      return this.#tell({ type: 'scaling-failed', step, error });
    }
    if (result.kind === 'held') {
      this.#desired = result.desired ?? this.#desired;
      return this.#tell({ type: 'scaling-held', replicas: result.desired, reason: result.reason });
    }
    const { kind } = result;
    const to = kind === 'scaled' ? result.to : result.desired;
    // A dry run finds the same at every check, until it finds something else.
    const news = kind === 'scaled' && !(dryRun && to === this.#desired);
    this.#desired = to;
    this.#logged = undefined;
    if (!dryRun) this.#asked = to;
    if (news) this.#tell({ type: 'scaled', from: result.from, to, reason: result.reason, dryRun });
  }

  #leaderChanged(leading: boolean): void {
    if (this.#closed || leading === this.#leading) return;
    this.#leading = leading;
    // What another process asks for meanwhile is not known here.
    this.#asked = undefined;
    this.#desired = undefined;
    this.#tell({ type: 'scaling-leader', leading });
    if (leading) {
      this.#schedule(0);
    } else {
      this.#timer?.close();
      this.#check?.abort.abort(new Error('The lead was lost'));
    }
  }

  #schedule(delay: number): void {
    if (this.#closed || !this.#leading || this.#check !== undefined) return;
    this.#timer?.close();
    this.#timer = this.#options.clock.setTimer(() => void this.check(), Math.max(0, delay));
    // An autoscaler that was never closed must not keep the process alive.
    this.#timer.unref?.();
  }

  #tell(event: ScalingEvent): void {
    this.#observers.tell(event);
    const { logger } = this.#options;
    if (event.type === 'scaled') {
      const { from, to, reason, dryRun } = event;
      logger.info({ from, to, reason, dryRun }, dryRun ? 'would scale the replicas' : 'scaled the replicas');
    } else if (event.type === 'scaling-leader') {
      logger.info({ leading: event.leading }, 'the lead in scaling has changed');
    } else {
      const message = event.type === 'scaling-failed' ? event.error.message : event.reason;
      if (message === this.#logged) return;
      this.#logged = message;
      if (event.type === 'scaling-held')
        logger.info({ reason: message }, 'the replicas are left as they are');
      else logger.warn({ err: event.error, step: event.step }, 'scaling failed; it is tried again');
    }
  }
}
