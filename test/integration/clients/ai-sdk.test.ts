import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, streamText } from 'ai';
import { describe, expect, it } from 'vitest';
import { describeClient } from '../../support/client-suite.js';
import { Fleet } from '../../support/fleet.js';

describeClient({
  name: 'ai with @ai-sdk/openai-compatible',
  breakStops: false,
  takesSignal: true,
  connect(fetch, baseURL) {
    const model = createOpenAICompatible({ name: 'balanced', baseURL, fetch })('mock-model');
    // Its own retries do not heed `x-should-retry`, so the user switches them off.
    const request = { model, prompt: 'Hello', maxRetries: 0 };
    return {
      whole: async () => (await generateText(request)).text,
      async *stream(signal) {
        const { fullStream } = streamText({
          ...request,
          ...(signal === undefined ? {} : { abortSignal: signal }),
          onError: () => {},
        });
        for await (const part of fullStream) {
          if (part.type === 'text-delta') yield part.text;
          else if (part.type === 'error') throw part.error;
        }
      },
    };
  },
  isBadRequest: (error) => APICallError.isInstance(error) && error.statusCode === 400,
  isBadGateway: (error) => APICallError.isInstance(error) && error.statusCode === 502,
});

describe('ai with a consumer that stops reading', () => {
  it('reads on to the end, which frees the endpoint', async () => {
    await using fleet = await Fleet.start();
    const { balancer } = fleet;
    const provider = createOpenAICompatible({
      name: 'balanced',
      baseURL: balancer.baseURL,
      fetch: balancer.fetch,
    });
    const { textStream } = streamText({ model: provider('mock-model'), prompt: 'Hello', maxRetries: 0 });
    for await (const piece of textStream) if (piece !== '') break;
    await fleet.settled();
    expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([{ kind: 'success' }]);
  });
});
