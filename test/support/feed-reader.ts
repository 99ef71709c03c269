import type { FeedHello, FeedTick } from 'evenkeel/dashboard';
import { EventSourceParserStream } from 'eventsource-parser/stream';

/** Reads a dashboard's feed. */
export class FeedReader implements AsyncDisposable {
  readonly #events: ReadableStreamDefaultReader<{ event?: string | undefined; data: string }>;
  readonly #abort: AbortController;
  /** Everything that came, as text. */
  text = '';

  static async open(url: string, headers: Record<string, string> = {}): Promise<FeedReader> {
    const abort = new AbortController();
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    });
    if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
    return new FeedReader(response, abort);
  }

  constructor(response: Response, abort = new AbortController()) {
    if (response.body === null) throw new Error('no feed');
    this.#abort = abort;
    this.#events = response.body
      .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
      .pipeThrough(new EventSourceParserStream())
      .getReader();
  }

  async hello(): Promise<FeedHello> {
    return JSON.parse(await this.#next('hello'));
  }

  async tick(): Promise<FeedTick> {
    return JSON.parse(await this.#next('tick'));
  }

  /** The first tick of which this is true. */
  async until(holds: (tick: FeedTick) => boolean): Promise<FeedTick> {
    for (;;) {
      const tick = await this.tick();
      if (holds(tick)) return tick;
    }
  }

  /** Resolves when the server has ended the feed. */
  async end(): Promise<void> {
    while (!(await this.#events.read()).done);
  }

  async #next(name: string): Promise<string> {
    for (;;) {
      const { done, value } = await this.#events.read();
      if (done) throw new Error('the feed has ended');
      this.text += value.data;
      if (value.event === name) return value.data;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#events.cancel().catch(() => {});
  }
}
