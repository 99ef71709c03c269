/**
 * The OpenAI client over several servers: a whole answer, a stream, and a stream that the user stops.
 * Starts two mock servers, or uses yours:
 *
 *     npx tsx examples/openai-client.ts
 *     ENDPOINTS=http://10.0.1.10:8000,http://10.0.1.11:8000 MODEL=llama-3.1-8b npx tsx examples/openai-client.ts
 */
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import OpenAI from 'openai';

const given = process.env.ENDPOINTS?.split(',');
const mocks = given
  ? []
  : await Promise.all([MockLlmServer.start({ name: 'one' }), MockLlmServer.start({ name: 'two' })]);
const urls = given ?? mocks.map(({ url }) => url);
const model = process.env.MODEL ?? 'mock-model';

const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })) });
const client = new OpenAI({
  apiKey: 'unused',
  // A placeholder: where a request goes is the balancer's to say.
  baseURL: balancer.baseURL,
  fetch: balancer.fetch,
  // The balancer repeats what can be repeated, on another server. Twice would be once too often.
  maxRetries: 0,
});
const messages = [{ role: 'user' as const, content: 'Say hello.' }];

const { data: answer, response } = await client.chat.completions.create({ model, messages }).withResponse();
console.log(`${response.headers.get('x-evenkeel-endpoint')} answered:`);
console.log(answer.choices[0]?.message.content);

console.log('\nAs a stream:');
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
}

console.log('\n\nStopped by the user after three pieces:');
const stream = await client.chat.completions.create({ model, messages, stream: true });
let pieces = 0;
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  // Leaving the loop closes the request at the server, which need not go on for nobody.
  if (++pieces === 4) break;
}
console.log(`\n\nOutstanding now: ${balancer.snapshot().outstanding}`);

await balancer.close();
await Promise.all(mocks.map((mock) => mock.stop()));
