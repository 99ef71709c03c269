import type { Ending } from './verdict.js';

/** Warm-up before memory is compared: compiled code, connection pools, caches. */
const WARM_UP = 0.25;
const GROWTH_ALLOWED = 1.05;
/** Fewer samples than this say nothing about growth. */
const SAMPLES_NEEDED = 12;

/** What a soak has seen. Bounded: it must not grow itself. */
export class Tally {
  readonly endings: Record<Ending, number> = { whole: 0, refused: 0, told: 0, broken: 0, left: 0 };
  readonly disturbances: Record<string, number> = {};
  /** Heap in bytes at each quiet sample. */
  readonly heap: number[] = [];
  /** What must not be; the first few of them. */
  readonly problems: string[] = [];
  #problems = 0;

  get requests(): number {
    return Object.values(this.endings).reduce((sum, count) => sum + count, 0);
  }

  disturbed(kind: string): void {
    this.disturbances[kind] = (this.disturbances[kind] ?? 0) + 1;
  }

  problem(text: string): void {
    this.#problems++;
    if (this.problems.length < 20) this.problems.push(text);
  }

  /** Heap of the last three samples over that of the three after the warm-up; `undefined` when there are too few. */
  get growth(): number | undefined {
    if (this.heap.length < SAMPLES_NEEDED) return undefined;
    const begin = Math.ceil(this.heap.length * WARM_UP);
    return mean(this.heap.slice(-3)) / mean(this.heap.slice(begin, begin + 3));
  }

  /** Adds a problem when the heap has grown. */
  judgeHeap(): void {
    const { growth } = this;
    if (growth !== undefined && growth > GROWTH_ALLOWED)
      this.problem(`The heap has grown by ${((growth - 1) * 100).toFixed(1)} % after warm-up (5 % allowed)`);
  }

  /** One line for people. */
  get line(): string {
    const counts = Object.entries(this.endings).map(([ending, count]) => `${count} ${ending}`);
    const heap = ((this.heap.at(-1) ?? 0) / 1024 / 1024).toFixed(1);
    return `${this.requests} requests: ${counts.join(', ')}; heap ${heap} MiB; ${this.#problems} problems`;
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
