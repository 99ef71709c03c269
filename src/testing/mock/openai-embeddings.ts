import { asNumber, asString, openAiError, type Protocol, promptTokens, SSE } from './protocol.js';

const DEFAULT_DIMENSIONS = 8;

/** https://platform.openai.com/docs/api-reference/embeddings; equal inputs have equal vectors. */
export const openAiEmbeddings: Protocol = {
  path: '/v1/embeddings',
  framing: SSE,
  read: (body) => ({
    model: asString(body.model),
    streaming: false,
    promptTokens: promptTokens(body.input),
    // One step: a prefill and nothing after it.
    maxTokens: 1,
    includeUsage: false,
  }),
  whole: (completion, body) => {
    const dimensions = asNumber(body.dimensions) ?? DEFAULT_DIMENSIONS;
    const inputs: readonly unknown[] =
      Array.isArray(body.input) && typeof body.input[0] !== 'number' ? body.input : [body.input];
    const { promptTokens } = completion;
    return JSON.stringify({
      object: 'list',
      model: completion.model,
      data: inputs.map((input, index) => {
        const vector = embed(JSON.stringify(input) ?? '', dimensions);
        const embedding =
          body.encoding_format === 'base64'
            ? Buffer.from(vector.buffer).toString('base64')
            : Array.from(vector);
        return { object: 'embedding', index, embedding };
      }),
      usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    });
  },
  error: openAiError,
};

/** A unit-free vector in [-1, 1), from a 32-bit FNV-1a hash stepped once for each dimension. */
function embed(text: string, dimensions: number): Float32Array {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Float32Array.from({ length: dimensions }, (_, index) => {
    hash = Math.imul(hash ^ index, 0x01000193);
    return (hash >>> 0) / 2 ** 31 - 1;
  });
}
