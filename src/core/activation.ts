/** An endpoint on standby, in the hands of a hook. */
export interface ActivationTarget {
  /** The endpoint's. */
  readonly id: string;
  /** The endpoint's, with its base path. */
  readonly url: string;
  /** The endpoint's own labels. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Calls the endpoint over its own connections and with its own headers.
   *
   * @param path from the root of its origin: `/wake_up`
   * @param body sent as JSON
   * @throws when there is no answer, or it is not 2xx
   */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<string>;
}

/** What brings an endpoint on standby to work, and back to rest. Both may be called for one that is there already. */
export interface ActivationHook {
  /** For logs and events. */
  readonly name: string;
  /** Before it gets requests. @throws when it cannot; it stays on standby */
  activate(target: ActivationTarget, signal: AbortSignal): Promise<void>;
  /** When its last request has ended. */
  rest(target: ActivationTarget, signal: AbortSignal): Promise<void>;
}
