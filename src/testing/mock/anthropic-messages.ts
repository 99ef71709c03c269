import type { MockError } from './fault.js';
import {
  asNumber,
  asString,
  type Completion,
  type JsonObject,
  type Protocol,
  promptTokens,
  SSE,
} from './protocol.js';

/** https://docs.anthropic.com/en/api/messages and …/messages-streaming */
export const anthropicMessages: Protocol = {
  path: '/v1/messages',
  framing: SSE,
  read: (body) => ({
    model: asString(body.model),
    streaming: body.stream === true,
    promptTokens: promptTokens(body.system, body.messages),
    maxTokens: asNumber(body.max_tokens),
    includeUsage: true,
  }),
  whole: (completion) =>
    JSON.stringify({
      ...message(completion),
      content: [{ type: 'text', text: completion.text }],
      stop_reason: stopReason(completion),
      usage: { input_tokens: completion.promptTokens, output_tokens: completion.tokens },
    }),
  stream: (completion) => ({
    head: () =>
      event('message_start', { message: message(completion) }) +
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
      event('ping', {}),
    token: (text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    tail: () =>
      event('content_block_stop', { index: 0 }) +
      event('message_delta', {
        delta: { stop_reason: stopReason(completion), stop_sequence: null },
        usage: { output_tokens: completion.tokens },
      }) +
      event('message_stop', {}),
    error: (error) => `event: error\ndata: ${anthropicError(error)}\n\n`,
  }),
  error: anthropicError,
};

function anthropicError({ message, type = 'api_error' }: MockError): string {
  return JSON.stringify({ type: 'error', error: { type, message } });
}

function event(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function stopReason({ limited }: Completion): string {
  return limited ? 'max_tokens' : 'end_turn';
}

function message({ id, model, promptTokens }: Completion): JsonObject {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: promptTokens, output_tokens: 1 },
  };
}
