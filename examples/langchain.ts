/**
 * LangChain over several servers: twelve questions at once, spread by how busy each server is.
 * Starts two mock servers, one of them three times as fast, or uses yours:
 *
 *     npx tsx examples/langchain.ts
 *     ENDPOINTS=http://10.0.1.10:8000,http://10.0.1.11:8000 MODEL=llama-3.1-8b npx tsx examples/langchain.ts
 */
import { ChatOpenAI } from '@langchain/openai';
import { LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';

const given = process.env.ENDPOINTS?.split(',');
const mocks = given
  ? []
  : await Promise.all([
      MockLlmServer.start({ name: 'fast', service: { stepTime: 5 } }),
      MockLlmServer.start({ name: 'slow', service: { stepTime: 15 } }),
    ]);
const endpoints =
  given?.map((url) => ({ url })) ??
  // A weight says how much a server can do beside the others.
  mocks.map(({ url, name }) => ({ url, id: name, weight: name === 'fast' ? 3 : 1 }));

const balancer = new LoadBalancer({ endpoints });
const served = new Map<string, number>();
balancer.observe((event) => {
  if (event.type === 'attempt-started') served.set(event.endpoint, (served.get(event.endpoint) ?? 0) + 1);
});

const model = new ChatOpenAI({
  model: process.env.MODEL ?? 'mock-model',
  apiKey: 'unused',
  // The balancer repeats; LangChain's own six retries would come on top.
  maxRetries: 0,
  configuration: { baseURL: balancer.baseURL, fetch: balancer.fetch },
});

const questions = Array.from({ length: 12 }, (_, index) => `What is ${index} + 1?`);
const answers = await model.batch(questions);
console.log(`${answers.length} answers, the first of them: ${answers[0]?.content}`);
for (const [endpoint, count] of served) console.log(`${endpoint}: ${count} requests`);

process.stdout.write('And a stream: ');
for await (const chunk of await model.stream('Say hello.')) process.stdout.write(String(chunk.content));
console.log(`\nOutstanding now: ${balancer.snapshot().outstanding}`);

await balancer.close();
await Promise.all(mocks.map((mock) => mock.stop()));
