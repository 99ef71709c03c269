import { ChatOpenAI } from '@langchain/openai';
import { describeClient } from '../../support/client-suite.js';

describeClient({
  name: '@langchain/openai',
  breakStops: true,
  takesSignal: true,
  connect(fetch, baseURL) {
    const model = new ChatOpenAI({
      model: 'mock-model',
      apiKey: 'unused',
      // Its own retries do not heed `x-should-retry`, so the user switches them off.
      maxRetries: 0,
      configuration: { baseURL, fetch },
    });
    return {
      whole: async () => String((await model.invoke('Hello')).content),
      async *stream(signal) {
        const stream = await model.stream('Hello', signal === undefined ? {} : { signal });
        for await (const chunk of stream) yield String(chunk.content);
      },
    };
  },
  isBadRequest: (error) => statusOf(error) === 400,
  isBadGateway: (error) => statusOf(error) === 502,
});

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status' in error ? error.status : undefined;
}
