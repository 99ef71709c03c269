import { createParser, type EventSourceParser } from 'eventsource-parser';

/** Longest event that is watched; a longer one passes unseen. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Whoever the events are for. */
export interface EventReader {
  onEvent(name: string | undefined, data: string): void;
  onTooLong(): void;
}

/** An eventsource-parser whose events go to whoever feeds it. */
export class EventParser {
  readonly #parser: EventSourceParser;
  #reader: EventReader | undefined;

  constructor() {
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_BYTES,
      onEvent: (event) => this.#reader?.onEvent(event.event, event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#reader?.onTooLong();
      },
    });
    // What it takes for its first chunk, it takes a byte-order mark from; that is not its business here.
    this.#parser.feed('');
  }

  feed(text: string, reader: EventReader): void {
    this.#reader = reader;
    try {
      this.#parser.feed(text);
    } finally {
      this.#reader = undefined;
    }
  }
}

let spare: EventParser | undefined;

/** A parser that holds nothing of any stream. */
export function takeParser(): EventParser {
  const parser = spare ?? new EventParser();
  spare = undefined;
  return parser;
}

/** Only to be given one whose last event has ended: a parser costs a stream a kilobyte, and most wait between events. */
export function giveBack(parser: EventParser): void {
  spare = parser;
}
