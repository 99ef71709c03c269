import type { ChatRequest } from '../../core/resume.js';

type Value = unknown;

const PATH = /\/chat\/completions(?:\?|$)/;
/** Token limits, lowered by what has been produced. */
const LIMITS = ['max_tokens', 'max_completion_tokens'] as const;

const given = (value: Value) =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
const several = (value: Value) => given(value) && value !== 1;

/** What makes an answer something else than the plain text of one choice, or shaped by rules that see all of it. */
const REFUSED: Readonly<Record<string, (value: Value) => boolean>> = {
  tools: given,
  functions: given,
  n: several,
  best_of: several,
  use_beam_search: given,
  logprobs: given,
  top_logprobs: given,
  prompt_logprobs: given,
  return_token_ids: given,
  audio: given,
  modalities: (value) => given(value) && JSON.stringify(value) !== '["text"]',
  web_search_options: given,
  response_format: (value) => given(value) && (value as { type?: Value }).type !== 'text',
  // vLLM's, SGLang's and llama.cpp's ways to ask for structured output.
  structured_outputs: given,
  guided_json: given,
  guided_regex: given,
  guided_choice: given,
  guided_grammar: given,
  json_schema: given,
  regex: given,
  ebnf: given,
  structural_tag: given,
  grammar: given,
  // The caller continues a message of its own.
  echo: given,
  continue_final_message: given,
  add_generation_prompt: (value) => value === false,
};

/** @returns the request, if its answer can be continued elsewhere */
export function readResumable(path: string, body: Uint8Array): ChatRequest | undefined {
  if (!PATH.test(path)) return undefined;
  let request: unknown;
  try {
    request = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
  if (!isChatRequest(request) || request.stream !== true) return undefined;
  for (const [field, refused] of Object.entries(REFUSED)) if (refused(request[field])) return undefined;
  const last = request.messages.at(-1) as { role?: Value } | null | undefined;
  return last === undefined || last?.role === 'assistant' ? undefined : request;
}

/** @returns the request with what is left of its token limits; `undefined` when nothing is */
export function lowerLimits(request: ChatRequest, produced: number): ChatRequest | undefined {
  const lowered: Record<string, Value> & ChatRequest = { ...request };
  for (const field of LIMITS) {
    const limit = request[field];
    if (typeof limit !== 'number') continue;
    if (limit <= produced) return undefined;
    lowered[field] = limit - produced;
  }
  const { min_tokens: least } = request;
  if (typeof least === 'number') lowered.min_tokens = Math.max(0, least - produced);
  return lowered;
}

/**
 * The text may end with the beginning of a stop sequence. The next endpoint looks for the sequence in what it
 * writes itself, so it would miss that one.
 */
export function endsInsideStop({ stop }: ChatRequest, text: string): boolean {
  const sequences: readonly Value[] = Array.isArray(stop) ? stop : [stop];
  return sequences.some((sequence) => {
    if (typeof sequence !== 'string') return false;
    for (let length = sequence.length - 1; length > 0; length--) {
      if (text.endsWith(sequence.slice(0, length))) return true;
    }
    return false;
  });
}

function isChatRequest(value: unknown): value is ChatRequest {
  return typeof value === 'object' && value !== null && 'messages' in value && Array.isArray(value.messages);
}
