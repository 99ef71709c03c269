import { HTTPClient, Mistral } from '@mistralai/mistralai';
import { MistralError } from '@mistralai/mistralai/models/errors';
import { describeClient } from '../../support/client-suite.js';

const request = { model: 'mock-model', messages: [{ role: 'user' as const, content: 'Hello' }] };

describeClient({
  name: '@mistralai/mistralai',
  breakStops: true,
  takesSignal: true,
  connect(fetch, baseURL) {
    const client = new Mistral({
      apiKey: 'unused',
      serverURL: new URL(baseURL).origin,
      httpClient: new HTTPClient({ fetcher: fetch }),
    });
    return {
      async whole() {
        const answer = await client.chat.complete(request);
        return String(answer.choices[0]?.message?.content ?? '');
      },
      async *stream(signal) {
        const stream = await client.chat.stream(
          request,
          signal === undefined ? {} : { fetchOptions: { signal } },
        );
        for await (const { data } of stream) yield String(data.choices[0]?.delta.content ?? '');
      },
    };
  },
  isBadRequest: (error) => error instanceof MistralError && error.statusCode === 400,
  isBadGateway: (error) => error instanceof MistralError && error.statusCode === 502,
});
