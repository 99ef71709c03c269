/** One attempt on the wire. The path already has the endpoint's base path. */
export interface TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** Header values by lower-case name. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Hears of one attempt. After `onEnd` or `onError` nothing more is called. */
export interface TransportHandler {
  /**
   * The request goes out on an open connection.
   * @param reused true when the connection had been open before this request
   */
  onSent(reused: boolean): void;
  onHeaders(status: number, headers: ResponseHeaders, statusText: string): void;
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  onError(error: Error): void;
}

/** Holds one attempt's connection. All calls are idempotent and safe after the end. */
export interface TransportCall {
  pause(): void;
  resume(): void;
  /** Closes the connection; the handler hears nothing more. */
  abort(): void;
}

/** The connections to one endpoint. */
export interface EndpointChannel {
  send(request: TransportRequest, handler: TransportHandler): TransportCall;
  /** Closes idle connections at once and busy ones when they are done. */
  close(): Promise<void>;
  /** Closes everything at once. */
  destroy(): Promise<void>;
}

export type OpenChannel = (url: string, options: { readonly connectTimeout: number }) => EndpointChannel;
