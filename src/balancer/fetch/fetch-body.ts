type BodySource = NonNullable<RequestInit['body']> | ReadableStream<Uint8Array>;

/**
 * A fetch body as bytes where it is bytes, else as a stream of them. Sets the content type that fetch would set.
 * Blobs and forms are encoded by the platform's own Request.
 */
export function readBody(
  source: BodySource,
  headers: Record<string, string>,
): Uint8Array | AsyncIterable<Uint8Array> {
  if (typeof source === 'string') {
    headers['content-type'] ??= 'text/plain;charset=UTF-8';
    return Buffer.from(source);
  }
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof URLSearchParams) {
    headers['content-type'] ??= 'application/x-www-form-urlencoded;charset=UTF-8';
    return Buffer.from(source.toString());
  }
  if (source instanceof Blob || source instanceof FormData) {
    const encoded = new Request('http://evenkeel.invalid', { method: 'POST', body: source });
    const type = encoded.headers.get('content-type');
    if (type !== null) headers['content-type'] ??= type;
    return bytesOf(encoded.body as AsyncIterable<Uint8Array>);
  }
  if (typeof source === 'object' && Symbol.asyncIterator in source)
    return bytesOf(source as AsyncIterable<Uint8Array>);
  return Buffer.from(String(source));
}

/** @throws TypeError for a chunk that is neither text nor bytes, as fetch does */
export async function* bytesOf(
  source: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (typeof chunk === 'string') yield Buffer.from(chunk);
    else if (chunk instanceof Uint8Array) yield chunk;
    else throw new TypeError('Received a body chunk that is not a Uint8Array');
  }
}
