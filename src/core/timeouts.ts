/** The clocks of a request, in milliseconds; `Infinity` switches one off. */
export interface Timeouts {
  /** Until a connection to the endpoint is open. Default 10 s. */
  readonly connect: number;
  /** Streams: from sending until the first content. Comments and keep-alives are not content. Default 120 s. */
  readonly firstToken: number;
  /** Answers that do not stream: from sending until the headers. Default 600 s. */
  readonly response: number;
  /** Between content events of a stream, or between chunks of any other body. Default 60 s. */
  readonly idle: number;
  /** How long a body may wait for a reader that stopped reading. Default 300 s. */
  readonly unread: number;
  /** Everything: the caller's upload, queueing, attempts, backoff and the body. Default: none. */
  readonly total: number;
}
