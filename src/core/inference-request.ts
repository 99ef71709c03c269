/** What a policy may know of a request. */
export interface InferenceRequest {
  /** As sent: `GET`, `POST` … */
  readonly method: string;
  /** Path and query, as the caller asked: `/v1/chat/completions`. */
  readonly path: string;
  /** The model asked for; `undefined` when the body names none. */
  readonly model: string | undefined;
  /** True when the caller asked for a stream. */
  readonly streaming: boolean;
  /** Estimated prompt length in tokens: body bytes / 4, or the `estimateTokens` option. */
  readonly promptTokens: number;
  /** `max_tokens` or `max_completion_tokens` of the body. */
  readonly maxTokens: number | undefined;
  /** Key for sticky selection, from the `affinityKey` option or the request's own override. */
  readonly affinityKey: string | undefined;
  /** The caller's address, where a facade knows it. */
  readonly clientAddress: string | undefined;
  /** Higher goes first in the queue. Default 0. */
  readonly priority: number;
  /** The attempt that is chosen for, or was made last: 1 for the first. */
  readonly attempt: number;
  /** Ids of endpoints already tried for this request. */
  readonly tried: readonly string[];
  /** The caller's headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whatever the caller passed as `evenkeel.policyData`. */
  readonly policyData: unknown;
  /**
   * The prompt as a chain of hashes, one for each whole block of it: two requests agree in their first n hashes when
   * their prompts agree in the first n blocks. Made when asked for, so that it costs nothing where no policy asks.
   * Empty or absent when there is no prompt to read.
   */
  promptBlocks?(): readonly number[];
}
