/** What the API server answers instead of an object. */
export function status(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

/** Thrown while a request is served, to be answered as a Status. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }

  get body(): object {
    return status(this.code, this.reason, this.message);
  }
}

/** What a resourceVersion gets whose changes are forgotten. */
export const expired = () => new StatusError(410, 'Expired', 'too old resource version');
