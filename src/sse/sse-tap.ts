import { createParser, type EventSourceParser } from 'eventsource-parser';
import { ContentSkeleton } from './content-skeleton.js';
import { readEvent } from './read-event.js';
import { StreamFindings, type StreamTap } from './stream-findings.js';

/** Longest event that is watched; a longer one passes unseen. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Watches server-sent events. Comments and keep-alives leave the findings as they are. */
export class SseTap implements StreamTap {
  readonly findings = new StreamFindings();
  readonly #parser: EventSourceParser;
  readonly #skeleton = new ContentSkeleton();
  // One streaming decoder: it joins characters that chunks cut in two, and strips a byte-order mark.
  readonly #decoder = new TextDecoder();

  constructor() {
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_BYTES,
      onEvent: (event) => this.#read(event.event, event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.findings.blind = true;
      },
    });
  }

  observe(chunk: Uint8Array): void {
    if (!this.findings.blind) this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
  }

  end(): void {
    // Servers may leave out the last blank line; without this their terminator would be lost.
    if (!this.findings.blind) this.#parser.feed(`${this.#decoder.decode()}\n\n`);
  }

  #read(name: string | undefined, data: string): void {
    const { findings } = this;
    if (this.#skeleton.matches(name, data)) {
      findings.dataEvents++;
      findings.contentEvents++;
      return;
    }
    const { contentEvents, finished, usage } = findings;
    readEvent(name, data, findings);
    const onlyContent =
      findings.contentEvents > contentEvents && findings.finished === finished && findings.usage === usage;
    if (onlyContent) this.#skeleton.learn(name, data);
  }
}
