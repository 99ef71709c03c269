import Anthropic from '@anthropic-ai/sdk';
import { describeClient } from '../../support/client-suite.js';

const request = {
  model: 'mock-model',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};

describeClient({
  name: '@anthropic-ai/sdk',
  breakStops: true,
  takesSignal: true,
  connect(fetch, baseURL) {
    // It adds `/v1` itself.
    const client = new Anthropic({ apiKey: 'unused', baseURL: new URL(baseURL).origin, fetch });
    return {
      async whole() {
        const { content } = await client.messages.create(request);
        return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
      },
      async *stream(signal) {
        const stream = await client.messages.create({ ...request, stream: true }, { signal });
        for await (const event of stream) {
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
            yield event.delta.text;
        }
      },
    };
  },
  isBadRequest: (error) => error instanceof Anthropic.BadRequestError,
  isBadGateway: (error) => error instanceof Anthropic.InternalServerError && error.status === 502,
});
