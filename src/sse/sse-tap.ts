import { createParser, type EventSourceParser } from 'eventsource-parser';
import { readEvent } from './read-event.js';
import { StreamFindings, type StreamTap } from './stream-findings.js';

/** Longest event that is watched; a longer one passes unseen. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Watches server-sent events. Comments and keep-alives leave the findings as they are. */
export class SseTap implements StreamTap {
  readonly findings = new StreamFindings();
  readonly #parser: EventSourceParser;
  // One streaming decoder: it joins characters that chunks cut in two, and strips a byte-order mark.
  readonly #decoder = new TextDecoder();

  constructor() {
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_BYTES,
      onEvent: (event) => readEvent(event.event, event.data, this.findings),
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
}
