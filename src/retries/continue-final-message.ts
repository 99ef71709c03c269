/**
 * Continues a chat answer by giving the text so far as a last assistant message that is not over.
 *
 *   messages  [..., { role: 'assistant', content: TEXT }]
 *   continue_final_message: true, add_generation_prompt: false
 *
 * Worked line: of "The sky is blue" the caller has "The sky is". The next endpoint is asked with that as the last
 * message, answers " blue", and the caller's text is the whole.
 *
 * Needs an engine that knows the two flags: vLLM, SGLang, Text Generation Inference and llama.cpp since 2026 do.
 * Not for engines that ignore them and close the message: those answer a second time, and the text doubles. Name
 * the endpoints that may be asked with `endpoints` where the fleet is mixed.
 */
import type { EndpointView } from '../core/endpoint.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import type { ResumeStrategy } from '../core/resume.js';
import { InvalidOptionError } from '../errors.js';

/** Options of `continueFinalMessage`. */
export interface ContinueFinalMessageOptions {
  /** Which endpoints may be asked to continue. Default: all. */
  readonly endpoints?: (endpoint: EndpointView) => boolean;
  /** Most seams in one stream. Integer, at least 1. Default 3. */
  readonly seams?: number;
}

/**
 * Continues a chat answer by giving the text so far as a last assistant message that is not over.
 *
 * @throws InvalidOptionError for bad options
 */
export function continueFinalMessage(options?: ContinueFinalMessageOptions): ResumeStrategy {
  const given = optionFields('continueFinalMessage', options, ['endpoints', 'seams']);
  const seams = numberOption('continueFinalMessage.seams', given.seams, 3, { integer: true, min: 1 });
  const { endpoints } = given;
  if (endpoints !== undefined && typeof endpoints !== 'function')
    throw new InvalidOptionError('continueFinalMessage.endpoints', 'must be a function', endpoints);
  return {
    name: 'continue-final-message',
    seams,
    accepts: options?.endpoints,
    continueFrom: (request, text) => ({
      ...request,
      messages: [...request.messages, { role: 'assistant', content: text }],
      continue_final_message: true,
      add_generation_prompt: false,
    }),
  };
}
