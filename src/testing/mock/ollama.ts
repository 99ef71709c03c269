import type { MockError } from './fault.js';
import {
  asNumber,
  asObject,
  asString,
  type Completion,
  type JsonObject,
  NDJSON,
  type Protocol,
  promptTokens,
} from './protocol.js';

/** https://github.com/ollama/ollama/blob/main/docs/api.md; streams unless told not to. */
export const ollamaChat = ollama('/api/chat', (content) => ({ message: { role: 'assistant', content } }));
export const ollamaGenerate = ollama('/api/generate', (response) => ({ response }));

function ollama(path: string, wrap: (text: string) => JsonObject): Protocol {
  return {
    path,
    framing: NDJSON,
    read: (body) => ({
      model: asString(body.model),
      streaming: body.stream !== false,
      promptTokens: promptTokens(body.system, body.prompt, body.messages),
      maxTokens: limit(asNumber(asObject(body.options).num_predict)),
      includeUsage: true,
    }),
    whole: (completion) => JSON.stringify(last(completion, wrap(completion.text))),
    stream: (completion) => ({
      head: () => '',
      token: (piece) => `${JSON.stringify({ ...base(completion), ...wrap(piece), done: false })}\n`,
      tail: () => `${JSON.stringify(last(completion, wrap('')))}\n`,
      error: (error) => `${ollamaError(error)}\n`,
    }),
    error: ollamaError,
  };
}

function ollamaError({ message }: MockError): string {
  return JSON.stringify({ error: message });
}

/** Ollama's -1 and -2 stand for no limit. */
function limit(tokens: number | undefined): number | undefined {
  return tokens !== undefined && tokens >= 0 ? tokens : undefined;
}

function base({ model, created, server }: Completion): JsonObject {
  return { model, created_at: new Date(created * 1000).toISOString(), system_fingerprint: server };
}

function last(completion: Completion, content: JsonObject): JsonObject {
  return {
    ...base(completion),
    ...content,
    done: true,
    done_reason: completion.limited ? 'length' : 'stop',
    prompt_eval_count: completion.promptTokens,
    eval_count: completion.tokens,
  };
}
