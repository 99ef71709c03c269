import {
  asNumber,
  asString,
  type Completion,
  type JsonObject,
  openAiError,
  type Protocol,
  promptTokens,
  SSE,
} from './protocol.js';

/** https://platform.openai.com/docs/api-reference/responses, with its streaming events. */
export const openAiResponses: Protocol = {
  path: '/v1/responses',
  framing: SSE,
  read: (body) => ({
    model: asString(body.model),
    streaming: body.stream === true,
    promptTokens: promptTokens(body.instructions, body.input),
    maxTokens: asNumber(body.max_output_tokens),
    includeUsage: true,
  }),
  whole: (completion) => JSON.stringify(finished(completion)),
  stream: (completion) => {
    const item_id = `msg_${completion.id}`;
    const place = { item_id, output_index: 0, content_index: 0 };
    let sequence_number = 0;
    const event = (type: string, fields: JsonObject) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence_number++, ...fields })}\n\n`;
    return {
      head: () => {
        const response = envelope(completion, 'in_progress', []);
        const item = message(completion, 'in_progress', []);
        return (
          event('response.created', { response }) +
          event('response.in_progress', { response }) +
          event('response.output_item.added', { output_index: 0, item }) +
          event('response.content_part.added', { ...place, part: part('') })
        );
      },
      token: (delta) => event('response.output_text.delta', { ...place, delta, logprobs: [] }),
      tail: () => {
        const item = message(completion, 'completed', [part(completion.text)]);
        const last = completion.limited ? 'response.incomplete' : 'response.completed';
        return (
          event('response.output_text.done', { ...place, text: completion.text, logprobs: [] }) +
          event('response.content_part.done', { ...place, part: part(completion.text) }) +
          event('response.output_item.done', { output_index: 0, item }) +
          event(last, { response: finished(completion) })
        );
      },
      error: ({ message, code = 'server_error' }) => event('error', { code, message, param: null }),
    };
  },
  error: openAiError,
};

function part(text: string): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function message({ id }: Completion, status: string, content: readonly JsonObject[]): JsonObject {
  return { id: `msg_${id}`, type: 'message', status, role: 'assistant', content };
}

function envelope(completion: Completion, status: string, output: readonly JsonObject[]): JsonObject {
  return {
    id: `resp_${completion.id}`,
    object: 'response',
    created_at: completion.created,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: { server: completion.server },
    model: completion.model,
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  };
}

function finished(completion: Completion): JsonObject {
  const { promptTokens: input_tokens, tokens: output_tokens, limited } = completion;
  const output = [message(completion, 'completed', [part(completion.text)])];
  return {
    ...envelope(completion, limited ? 'incomplete' : 'completed', output),
    incomplete_details: limited ? { reason: 'max_output_tokens' } : null,
    usage: {
      input_tokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input_tokens + output_tokens,
    },
  };
}
