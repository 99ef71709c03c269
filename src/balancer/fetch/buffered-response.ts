const decoder = new TextDecoder();

/** What the platform's Response keeps: everything but the body. */
type Head = Pick<Response, 'headers' | 'ok' | 'redirected' | 'status' | 'statusText' | 'type' | 'url'>;
interface BufferedResponse extends Response {
  /** Not every Node's Response has it. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

type BufferedResponseClass = new (bytes: Uint8Array, init: ResponseInit) => BufferedResponse;

/** Made when the first answer comes: to read the name loads Node's Response, and `fetch` with it. */
let madeClass: BufferedResponseClass | undefined;

/**
 * A standard Response over bytes that are all there. Node's own makes a stream of them and reads it back, which
 * costs more than the whole rest of a request; this one reads them in place, and makes a platform Response
 * only for who wants the stream itself.
 */
export function bufferedResponse(bytes: Uint8Array, init: ResponseInit): BufferedResponse {
  madeClass ??= makeClass();
  return new madeClass(bytes, init);
}

function makeClass(): BufferedResponseClass {
  const ResponseHead: new (body: null, init: ResponseInit) => Head = platformResponse();
  return class BufferedResponse extends ResponseHead implements Response {
    readonly #bytes: Uint8Array;
    #used = false;
    #platform: Response | undefined;

    constructor(bytes: Uint8Array, init: ResponseInit) {
      super(null, init);
      this.#bytes = bytes;
    }

    get body(): Response['body'] {
      return this.#stream().body;
    }

    get bodyUsed(): boolean {
      return this.#platform?.bodyUsed ?? this.#used;
    }

    async text(): Promise<string> {
      return this.#platform === undefined ? decoder.decode(this.#take()) : this.#platform.text();
    }

    async json(): Promise<unknown> {
      return JSON.parse(await this.text());
    }

    async arrayBuffer(): Promise<ArrayBuffer> {
      if (this.#platform !== undefined) return this.#platform.arrayBuffer();
      // A copy: the bytes are a part of a buffer that others share.
      return new Uint8Array(this.#take()).buffer;
    }

    async bytes(): Promise<Uint8Array<ArrayBuffer>> {
      return new Uint8Array(await this.arrayBuffer());
    }

    blob(): Promise<Blob> {
      return this.#stream().blob();
    }

    formData(): Promise<FormData> {
      return this.#stream().formData();
    }

    clone(): Response {
      if (this.#platform !== undefined) return this.#platform.clone();
      if (this.#used) throw new TypeError('Response.clone: Body has already been consumed.');
      return new BufferedResponse(this.#bytes, this);
    }

    /** The same answer as the platform makes it; from then on it holds the body's state. */
    #stream(): Response {
      if (this.#platform === undefined) {
        this.#platform = new Response(this.#bytes, this);
        if (this.#used) void this.#platform.arrayBuffer();
      }
      return this.#platform;
    }

    #take(): Uint8Array {
      if (this.#used) throw new TypeError('Body is unusable: Body has already been read');
      this.#used = true;
      return this.#bytes;
    }
  };
}

/** Node's own: what servers such as Hono's put in its place derives from it. */
function platformResponse(): typeof Response {
  let own = Response;
  for (;;) {
    const base: { readonly prototype?: unknown } = Object.getPrototypeOf(own);
    // Functions' own prototype, which in Jest is that of another realm, has none.
    if (base.prototype === undefined) return own;
    own = base as typeof Response;
  }
}
