import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark's, spoken to in questions and answers. */
export class Child<Ready> implements Disposable {
  readonly #process: ChildProcess;
  readonly ready: Ready;

  /** @param execArgv options of Node itself */
  static async start<Ready>(
    file: string,
    args: readonly string[],
    execArgv: readonly string[] = [],
  ): Promise<Child<Ready>> {
    const child = fork(file, [...args], {
      execArgv: [...execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new Child<Ready>(child, (await nextMessage(child, file)) as Ready);
  }

  private constructor(child: ChildProcess, ready: Ready) {
    this.#process = child;
    this.ready = ready;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async ask<Answer>(message: string): Promise<Answer> {
    const answer = nextMessage(this.#process, message);
    this.#process.send(message);
    return (await answer) as Answer;
  }

  [Symbol.dispose](): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

async function nextMessage(child: ChildProcess, what: string): Promise<unknown> {
  const gone = new AbortController();
  try {
    const exit = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
      throw new Error(`A process of the benchmark ended with code ${code} (${what})`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal: gone.signal }), exit]);
    return message;
  } finally {
    gone.abort();
  }
}
