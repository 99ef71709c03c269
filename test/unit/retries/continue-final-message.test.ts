import { describe, expect, it } from 'vitest';
import {
  continueFinalMessage,
  type EndpointConfig,
  InvalidOptionError,
  LoadBalancer,
} from '../../../src/index.js';

const ENDPOINTS: readonly EndpointConfig[] = [{ url: 'http://127.0.0.1:8000' }];

describe('continueFinalMessage', () => {
  it('asks for the rest of the last message, and changes nothing else', () => {
    const request = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'Hi' }] };
    expect(continueFinalMessage().continueFrom(request, 'The sky is')).toEqual({
      ...request,
      messages: [...request.messages, { role: 'assistant', content: 'The sky is' }],
      continue_final_message: true,
      add_generation_prompt: false,
    });
    expect(request.messages).toHaveLength(1);
  });

  it('asks every endpoint, and allows three seams, unless it is told otherwise', () => {
    expect(continueFinalMessage()).toMatchObject({ seams: 3, accepts: undefined });
    const endpoints = () => true;
    expect(continueFinalMessage({ seams: 1, endpoints })).toMatchObject({ seams: 1, accepts: endpoints });
  });

  it.each<[object, string]>([
    [{ seams: 0 }, 'continueFinalMessage.seams'],
    [{ seams: 1.5 }, 'continueFinalMessage.seams'],
    [{ endpoints: 'vllm' }, 'continueFinalMessage.endpoints'],
    [{ endpoint: () => true }, 'continueFinalMessage.endpoint'],
  ])('refuses %j', (options, option) => {
    expect(() => continueFinalMessage(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });
});

describe('The option resume', () => {
  const continueFrom = () => undefined;
  it.each<[object, string]>([
    [{ resume: 'yes' }, 'resume'],
    [{ resume: {} }, 'resume'],
    [{ resume: true, retry: false }, 'resume'],
    [{ resume: { name: 'mine', continueFrom, seams: 0 } }, 'resume.seams'],
    [{ resume: { name: 'mine', continueFrom, accepts: true } }, 'resume.accepts'],
  ])('refuses %j', (options, option) => {
    expect(() => new LoadBalancer({ endpoints: ENDPOINTS, ...options })).toThrow(
      expect.objectContaining({ option, constructor: InvalidOptionError }),
    );
  });

  it.each([
    { resume: true },
    { resume: false, retry: false as const },
    { resume: { name: 'mine', continueFrom } },
  ])('takes %j', async (options) => {
    await new LoadBalancer({ endpoints: ENDPOINTS, ...options }).close();
  });
});
