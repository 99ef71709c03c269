/**
 * The AI SDK over several servers, one of which breaks down before it has sent a word.
 * Starts two mock servers, or uses yours:
 *
 *     npx tsx examples/ai-sdk.ts
 *     ENDPOINTS=http://10.0.1.10:8000,http://10.0.1.11:8000 MODEL=llama-3.1-8b npx tsx examples/ai-sdk.ts
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';

const given = process.env.ENDPOINTS?.split(',');
const mocks = given
  ? []
  : await Promise.all([MockLlmServer.start({ name: 'one' }), MockLlmServer.start({ name: 'two' })]);
const urls = given ?? mocks.map(({ url }) => url);

const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })) });
balancer.observe({ retry: ({ reason }) => console.log(`(trying again elsewhere: ${reason})`) });

const provider = createOpenAICompatible({
  name: 'balanced',
  baseURL: balancer.baseURL,
  fetch: balancer.fetch,
});
const model = provider(process.env.MODEL ?? 'mock-model');
const prompt = 'Say hello.';

// The balancer repeats; `maxRetries: 0` keeps the SDK from doing so as well.
const { text } = await generateText({ model, prompt, maxRetries: 0 });
console.log('Whole:   ', text);

// Whichever mock is asked next breaks the connection before its first word. The reader notices nothing.
let broken = false;
for (const mock of mocks) {
  mock.faultWith(() => {
    if (broken) return undefined;
    broken = true;
    return { kind: 'cut', after: 0 };
  });
}

// `break` does not stop this SDK's stream, so a stop button needs the signal.
const stop = new AbortController();
const { textStream } = streamText({ model, prompt, maxRetries: 0, abortSignal: stop.signal });
process.stdout.write('Streamed: ');
for await (const piece of textStream) process.stdout.write(piece);
console.log(`\nOutstanding now: ${balancer.snapshot().outstanding}`);

await balancer.close();
await Promise.all(mocks.map((mock) => mock.stop()));
