import type { Queue, QueueAddOptions } from 'p-queue';

type Run = () => Promise<unknown>;

/** What a waiting request tells the line about itself. */
export interface LineOptions extends QueueAddOptions {
  /** True when an endpoint could take this request now. */
  readonly placeable?: () => boolean;
  /** Requests of one lane are placeable alike, so that one answer does for all of them. Default: a lane of its own. */
  readonly lane?: string;
}

const NOTHING_TO_DO: Run = () => Promise.resolve();

/** A request in the line. */
export interface Waiting {
  readonly run: Run;
  readonly id: string | undefined;
  readonly priority: number;
  readonly placeable: () => boolean;
  readonly lane: string | undefined;
}

/**
 * The queue discipline given to p-queue: by priority, then first come first served, passing over requests
 * that no free endpoint could take (another model, say), so that one model's rush does not block the others.
 *
 * p-queue asks `size` before each `dequeue`, so `size` counts what can start now: 0 or 1.
 */
export class AdmissionLine implements Queue<Run, LineOptions> {
  readonly #waiting: Waiting[];

  /** @param waiting all that wait, startable or not: filled and emptied by the line */
  constructor(waiting: Waiting[] = []) {
    this.#waiting = waiting;
  }

  get size(): number {
    return this.#next() === -1 ? 0 : 1;
  }

  enqueue(run: Run, options: Partial<LineOptions> = {}): void {
    const { id, priority = 0, placeable = () => true, lane } = options;
    let index = this.#waiting.length;
    while (index > 0 && (this.#waiting[index - 1]?.priority ?? 0) < priority) index--;
    this.#waiting.splice(index, 0, { run, id, priority, placeable, lane });
  }

  /** Never nothing: the clock may have taken the place away again since p-queue asked for `size`. */
  dequeue(): Run {
    const index = this.#next();
    return (index === -1 ? undefined : this.#waiting.splice(index, 1)[0]?.run) ?? NOTHING_TO_DO;
  }

  filter({ priority }: Readonly<Partial<LineOptions>>): Run[] {
    return this.#waiting.filter((one) => one.priority === priority).map((one) => one.run);
  }

  setPriority(id: string, priority: number): void {
    const index = this.#waiting.findIndex((one) => one.id === id);
    const [one] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (one !== undefined) this.enqueue(one.run, { ...one, priority });
  }

  remove(id: string): void {
    const index = this.#waiting.findIndex((one) => one.id === id);
    if (index !== -1) this.#waiting.splice(index, 1);
  }

  #next(): number {
    const blocked = new Set<string>();
    return this.#waiting.findIndex(({ lane, placeable }) => {
      if (lane !== undefined && blocked.has(lane)) return false;
      if (placeable()) return true;
      if (lane !== undefined) blocked.add(lane);
      return false;
    });
  }
}
