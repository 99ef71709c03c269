/** As short as a chat event can be: their number matters, not what they say. */
const TOKEN = Buffer.from('data:{"choices":[{"text":"x"}]}\n\n');

let tokens = repeated(256);

/** The end of a stream. */
export const DONE: Uint8Array = Buffer.from('data: [DONE]\n\n');

/** So many content events, as bytes that nobody may change. */
export function contentEvents(count: number): Uint8Array {
  if (count * TOKEN.length > tokens.length) tokens = repeated(2 * count);
  return tokens.subarray(0, count * TOKEN.length);
}

function repeated(count: number): Buffer {
  return Buffer.alloc(count * TOKEN.length, TOKEN);
}
