import { createParser, type EventSourceParser } from 'eventsource-parser';
import { asBuffer } from '../core/as-buffer.js';
import { ContentSkeleton } from './content-skeleton.js';
import { readEvent } from './read-event.js';
import { StreamFindings, type StreamTap } from './stream-findings.js';

/** Longest event that is watched; a longer one passes unseen. */
const MAX_EVENT_BYTES = 1024 * 1024;
/** UTF-8's, a character a byte. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** Watches server-sent events. Comments and keep-alives leave the findings as they are. */
export class SseTap implements StreamTap {
  readonly findings = new StreamFindings();
  readonly #parser: EventSourceParser;
  readonly #skeleton = new ContentSkeleton();
  /** What may be the beginning of a byte-order mark; `undefined` once it is behind us. */
  #beginning: string | undefined = '';

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
    if (this.findings.blind) return;
    // A character a byte: nothing that events are told by is cut in two, and it costs a tenth of decoding UTF-8.
    const text = asBuffer(chunk).toString('latin1');
    if (this.#beginning === undefined) this.#parser.feed(text);
    else this.#begin(this.#beginning + text);
  }

  end(): void {
    // Servers may leave out the last blank line; without this their terminator would be lost.
    if (!this.findings.blind) this.#parser.feed(`${this.#beginning ?? ''}\n\n`);
  }

  /** The parser knows a byte-order mark only where it comes in one piece. */
  #begin(text: string): void {
    const cut = text.length < BYTE_ORDER_MARK.length && BYTE_ORDER_MARK.startsWith(text);
    this.#beginning = cut ? text : undefined;
    if (!cut) this.#parser.feed(text);
  }

  #read(name: string | undefined, data: string): void {
    const { findings } = this;
    if (this.#skeleton.matches(name, data)) {
      findings.dataEvents++;
      findings.contentEvents++;
      return;
    }
    const { contentEvents, finished, usage } = findings;
    readEvent(name, Buffer.from(data, 'latin1').toString(), findings);
    const onlyContent =
      findings.contentEvents > contentEvents && findings.finished === finished && findings.usage === usage;
    if (onlyContent) this.#skeleton.learn(name, data);
  }
}
