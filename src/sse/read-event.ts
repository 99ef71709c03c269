import type { TokenUsage } from '../core/events.js';
import type { StreamedError, StreamFindings } from './stream-findings.js';

export type Json = Record<string, unknown>;

/**
 * The finish reason of vLLM and SGLang for an answer that the engine gave up: it was told to, is shutting down, or
 * broke. What has come of the text may stop anywhere, so it is no end.
 */
export const ABORTED = 'abort';

/**
 * Reads one event of a stream and notes what it means. Knows chat completions and completions (OpenAI),
 * responses (OpenAI), messages (Anthropic) and Ollama's NDJSON by their shape; anything else counts as content.
 *
 * Content is what a user would see: role chunks, `ping`, `message_start`, `response.created` are not.
 */
export function readEvent(name: string | undefined, data: string, findings: StreamFindings): void {
  // `data:` and nothing more: what is left of an event that was cut there.
  if (data === '') return;
  findings.dataEvents++;
  if (data.startsWith('[DONE]')) {
    findings.recognised = true;
    findings.done = true;
    return;
  }
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    // Protocols that stream JSON never send anything else; of an unknown one nothing is demanded.
    if (findings.recognised || data.startsWith('{')) findings.malformed = true;
    else findings.contentEvents++;
    return;
  }
  if (!isObject(event)) {
    findings.contentEvents++;
    return;
  }
  if (name === 'error' || isFailure(event)) {
    findings.error ??= describeFailure(event);
    return;
  }
  readUsage(event, findings);
  if (Array.isArray(event.choices)) readChoices(event.choices, findings);
  else if (typeof event.type === 'string') readTyped(event.type, event, findings);
  else if (typeof event.done === 'boolean') readOllama(event, findings);
  else if (event.usage === undefined) findings.contentEvents++;
}

function readChoices(choices: readonly unknown[], findings: StreamFindings): void {
  findings.recognised = true;
  let content = false;
  for (const choice of choices) {
    if (!isObject(choice)) continue;
    if (choice.finish_reason === ABORTED) findings.aborted = true;
    else if (typeof choice.finish_reason === 'string') findings.finished = true;
    if (hasText(choice.text) || hasOutput(choice.delta)) content = true;
  }
  if (content) findings.contentEvents++;
}

/** Any field of a delta but its role that is not empty: content, reasoning, tool calls, refusal, audio. */
function hasOutput(delta: unknown): boolean {
  if (!isObject(delta)) return false;
  for (const key in delta) {
    if (key === 'role') continue;
    const value = delta[key];
    if (hasText(value) || (Array.isArray(value) && value.length > 0)) return true;
    if (isObject(value) && Object.keys(value).length > 0) return true;
  }
  return false;
}

/** Events that name their type: responses (`response.*`) and messages (`message_start` …). */
function readTyped(type: string, event: Json, findings: StreamFindings): void {
  if (type.startsWith('response.')) {
    findings.recognised = true;
    if (type === 'response.completed' || type === 'response.incomplete') findings.done = true;
    else if (type.endsWith('.delta') || type.includes('partial_image')) findings.contentEvents++;
    return;
  }
  switch (type) {
    case 'message_start':
    case 'content_block_start':
    case 'content_block_stop':
    case 'ping':
      findings.recognised = true;
      return;
    case 'content_block_delta':
      findings.recognised = true;
      findings.contentEvents++;
      return;
    case 'message_delta':
      findings.recognised = true;
      if (isObject(event.delta) && typeof event.delta.stop_reason === 'string') findings.finished = true;
      return;
    case 'message_stop':
      findings.recognised = true;
      findings.done = true;
      return;
    default:
      findings.contentEvents++;
  }
}

function readOllama(event: Json, findings: StreamFindings): void {
  findings.recognised = true;
  if (hasText(event.response) || hasText(event.thinking) || hasOutput(event.message)) {
    findings.contentEvents++;
  }
  if (event.done === true) {
    findings.done = true;
    findings.usage = usageOf(event);
  }
}

function readUsage(event: Json, findings: StreamFindings): void {
  const carrier = isObject(event.response) ? event.response : isObject(event.message) ? event.message : event;
  const usage = usageOf(isObject(carrier.usage) ? carrier.usage : event.usage);
  if (usage === undefined) return;
  findings.usage = {
    prompt: usage.prompt ?? findings.usage?.prompt,
    completion: usage.completion ?? findings.usage?.completion,
  };
}

/** OpenAI calls it prompt and completion tokens, Anthropic and responses input and output, Ollama eval counts. */
export function usageOf(usage: unknown): TokenUsage | undefined {
  if (!isObject(usage)) return undefined;
  return {
    prompt: count(usage.prompt_tokens) ?? count(usage.input_tokens) ?? count(usage.prompt_eval_count),
    completion: count(usage.completion_tokens) ?? count(usage.output_tokens) ?? count(usage.eval_count),
  };
}

export function isFailure(event: Json): boolean {
  const type = event.type;
  if (type === 'error' || type === 'response.failed') return true;
  const error = event.error;
  // `error: null` is a normal field of `response.*` objects.
  return isObject(error) || hasText(error);
}

export function describeFailure(event: Json): StreamedError {
  const nested = isObject(event.response) ? event.response.error : undefined;
  const error = event.error ?? nested ?? event;
  if (!isObject(error)) return { type: 'error', message: String(error) };
  return {
    type: String(error.type ?? error.code ?? 'error'),
    message: String(error.message ?? ''),
  };
}

function hasText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
