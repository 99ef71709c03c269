import type { CommandStreams } from './command-streams.js';

const WIDTH = 30;

/** A bar that grows on a terminal, and nothing anywhere else. */
export class ProgressBar {
  readonly #stream: CommandStreams['stderr'] | undefined;
  #shown = '';

  constructor(stream: CommandStreams['stderr'], wanted: boolean) {
    this.#stream = wanted && stream.isTTY === true ? stream : undefined;
  }

  /** @param done in [0, 1] */
  show(done: number): void {
    const full = Math.round(done * WIDTH);
    const line = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${Math.floor(done * 100)} %`;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#stream?.write(`\r${line}`);
  }

  /** Leaves the line empty. */
  clear(): void {
    if (this.#shown !== '') this.#stream?.write(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }
}
