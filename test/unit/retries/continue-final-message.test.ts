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
    expect(continueFinalMessage()).toMatchObject({
      name: 'continue-final-message',
      seams: 3,
      accepts: undefined,
    });
    const endpoints = () => true;
    expect(continueFinalMessage({ seams: 1, endpoints })).toMatchObject({ seams: 1, accepts: endpoints });
  });

  it.each<[object, string, string]>([
    [{ seams: 0 }, 'continueFinalMessage.seams', 'must be an integer, at least 1'],
    [{ seams: 1.5 }, 'continueFinalMessage.seams', 'must be an integer, at least 1'],
    [{ endpoints: 'vllm' }, 'continueFinalMessage.endpoints', 'must be a function'],
    [{ endpoint: () => true }, 'continueFinalMessage.endpoint', 'is not known (known: endpoints, seams)'],
  ])('refuses %j', (options, option, rule) => {
    expect(() => continueFinalMessage(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option, rule }),
    );
  });
});

describe('The option resume', () => {
  const continueFrom = () => undefined;
  const noStrategy = 'must be true, false or a strategy such as continueFinalMessage()';
  it.each<[object, string, string]>([
    [{ resume: 'yes' }, 'resume', noStrategy],
    [{ resume: null }, 'resume', noStrategy],
    [{ resume: {} }, 'resume', noStrategy],
    [{ resume: { continueFrom: true } }, 'resume', noStrategy],
    [{ resume: Object.assign(() => undefined, { continueFrom }) }, 'resume', noStrategy],
    [
      { resume: true, retry: false },
      'resume',
      'needs `retry`: a continuation is an attempt under its budget',
    ],
    [{ resume: { name: 'mine', continueFrom, seams: 0 } }, 'resume.seams', 'must be an integer, at least 1'],
    [
      { resume: { name: 'mine', continueFrom, seams: 1.5 } },
      'resume.seams',
      'must be an integer, at least 1',
    ],
    [{ resume: { name: 'mine', continueFrom, accepts: true } }, 'resume.accepts', 'must be a function'],
  ])('refuses %j', (options, option, rule) => {
    expect(() => new LoadBalancer({ endpoints: ENDPOINTS, ...options })).toThrow(
      expect.objectContaining({ option, rule, constructor: InvalidOptionError }),
    );
  });

  it.each([
    { resume: true },
    { resume: false, retry: false as const },
    { retry: false as const },
    { resume: { name: 'mine', continueFrom } },
    { resume: { name: 'mine', continueFrom, seams: 1, accepts: () => true } },
  ])('takes %j', async (options) => {
    await new LoadBalancer({ endpoints: ENDPOINTS, ...options }).close();
  });
});
