import type { EndpointView } from './endpoint.js';

/** A chat request's JSON body. */
export type ChatRequest = Readonly<Record<string, unknown>> & { readonly messages: readonly unknown[] };

/** How a stream that broke off is continued by another endpoint. */
export interface ResumeStrategy {
  /** For logs and events. */
  readonly name: string;
  /** Most seams in one stream; one more failure reaches the caller. Integer, at least 1. Default 3. */
  readonly seams?: number;
  /** Whether an endpoint's engine understands the continuation. Default: every one does. */
  readonly accepts?: (endpoint: EndpointView) => boolean;
  /**
   * The request that makes an engine go on where `text` ends.
   *
   * @param request as the caller sent it, its token limits lowered by what has been produced
   * @param text what the answer has been so far, without white space at its end; never empty
   * @returns `undefined` when it cannot be continued: the stream then fails as without `resume`
   */
  continueFrom(request: ChatRequest, text: string): ChatRequest | undefined;
}
