import { asBuffer } from '../core/as-buffer.js';
import { ContentSkeleton } from './content-skeleton.js';
import { type EventParser, type EventReader, giveBack, takeParser } from './event-parser.js';
import { readEvent } from './read-event.js';
import { StreamFindings, type StreamTap } from './stream-findings.js';

/** UTF-8's, a character a byte. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** Watches server-sent events. Comments and keep-alives leave the findings as they are. */
export class SseTap implements StreamTap, EventReader {
  readonly findings = new StreamFindings();
  readonly #skeleton = new ContentSkeleton();
  /** Only while an event is under way. */
  #parser: EventParser | undefined;
  /** What may be the beginning of a byte-order mark; `undefined` once it is behind us. */
  #beginning: string | undefined = '';

  observe(chunk: Uint8Array): void {
    if (this.findings.blind) return;
    // A character a byte: nothing that events are told by is cut in two, and it costs a tenth of decoding UTF-8.
    const text = asBuffer(chunk).toString('latin1');
    if (this.#beginning === undefined) this.#feed(text);
    else this.#begin(this.#beginning + text);
  }

  end(): void {
    // Servers may leave out the last blank line; without this their terminator would be lost.
    if (!this.findings.blind) this.#feed(`${this.#beginning ?? ''}\n\n`);
  }

  onEvent(name: string | undefined, data: string): void {
    this.#read(name, data);
  }

  onTooLong(): void {
    this.findings.blind = true;
  }

  #feed(text: string): void {
    const parser = this.#parser ?? takeParser();
    this.#parser = parser;
    parser.feed(text, this);
    // After a blank line a parser is as it was when it was new.
    if (this.findings.blind || !(text.endsWith('\n\n') || text.endsWith('\r\n\r\n'))) return;
    this.#parser = undefined;
    giveBack(parser);
  }

  /** A byte-order mark is left out, and need not come in one piece. */
  #begin(text: string): void {
    const cut = text.length < BYTE_ORDER_MARK.length && BYTE_ORDER_MARK.startsWith(text);
    this.#beginning = cut ? text : undefined;
    if (!cut) this.#feed(text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text);
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
