import type { TokenUsage } from '../core/events.js';

/** An error that an endpoint sent inside a stream. */
export interface StreamedError {
  readonly type: string;
  readonly message: string;
}

/** What watching a stream has shown so far. */
export class StreamFindings {
  /** Events that carried text, a tool call or other output: about one a token. */
  contentEvents = 0;
  /** Data events of any kind. */
  dataEvents = 0;
  /** The protocol is one we know, so its end marker can be demanded. */
  recognised = false;
  /** A finish reason was seen: the answer is whole. */
  finished = false;
  /** The terminator was seen: `[DONE]`, `message_stop`, `response.completed`, `"done": true`. */
  done = false;
  malformed = false;
  /** The engine gave the answer up: finish reason `abort` of vLLM and SGLang. */
  aborted = false;
  /** The end came in the middle of an event. */
  cut = false;
  error: StreamedError | undefined;
  usage: TokenUsage | undefined;
  /** Watching was given up (an event over the size limit); the bytes still pass. */
  blind = false;
}

/** Watches a stream's bytes and never changes them. */
export interface StreamTap {
  readonly findings: StreamFindings;
  observe(chunk: Uint8Array): void;
  /** The last byte has come: looks at what is left in the buffer. */
  end(): void;
}
