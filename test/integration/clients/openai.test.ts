import OpenAI6 from 'openai';
import OpenAI7 from 'openai7';
import { type ClientUnderTest, describeClient } from '../../support/client-suite.js';

const request = { model: 'mock-model', messages: [{ role: 'user' as const, content: 'Hello' }] };

/** As a user who forgets `maxRetries: 0` makes it: `x-should-retry: false` must keep it from trying again. */
const openAi6: ClientUnderTest = {
  name: 'openai 6',
  breakStops: true,
  takesSignal: true,
  connect(fetch, baseURL) {
    const client = new OpenAI6({ apiKey: 'unused', baseURL, fetch });
    return {
      async whole() {
        const answer = await client.chat.completions.create(request);
        return answer.choices[0]?.message.content ?? '';
      },
      async *stream(signal) {
        const stream = await client.chat.completions.create({ ...request, stream: true }, { signal });
        for await (const chunk of stream) yield chunk.choices[0]?.delta.content ?? '';
      },
    };
  },
  isBadRequest: (error) => error instanceof OpenAI6.BadRequestError,
  isBadGateway: (error) => error instanceof OpenAI6.InternalServerError && error.status === 502,
};

const openAi7: ClientUnderTest = {
  ...openAi6,
  name: 'openai 7',
  connect(fetch, baseURL) {
    const client = new OpenAI7({ apiKey: 'unused', baseURL, fetch });
    return {
      async whole() {
        const answer = await client.chat.completions.create(request);
        return answer.choices[0]?.message.content ?? '';
      },
      async *stream(signal) {
        const stream = await client.chat.completions.create({ ...request, stream: true }, { signal });
        for await (const chunk of stream) yield chunk.choices[0]?.delta.content ?? '';
      },
    };
  },
  isBadRequest: (error) => error instanceof OpenAI7.BadRequestError,
  isBadGateway: (error) => error instanceof OpenAI7.InternalServerError && error.status === 502,
};

describeClient(openAi6);
describeClient(openAi7);
