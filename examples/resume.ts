/**
 * A server dies in the middle of an answer, and the user never knows. Needs nothing else to run:
 *
 *     npx tsx examples/resume.ts
 */
import { continueFinalMessage, LoadBalancer } from 'evenkeel';
import { MockLlmServer } from 'evenkeel/testing';
import OpenAI from 'openai';

// Two servers that write a token every 5 ms, and continue a last assistant message as vLLM does.
const options = { tokens: 24, service: { stepTime: 5 } };
const servers = await Promise.all(['a', 'b'].map((name) => MockLlmServer.start({ name, ...options })));
const balancer = new LoadBalancer({
  endpoints: servers.map(({ url, name }) => ({ id: name, url, labels: { engine: 'vllm' } })),
  // `true` would ask every endpoint; here those alone whose engine is known to continue a message.
  resume: continueFinalMessage({ endpoints: ({ labels }) => labels.engine === 'vllm' }),
});
let seam = '';
balancer.observe((event) => {
  if (event.type === 'stream-resumed') seam = `${event.from} → ${event.to} after ${event.tokens} tokens`;
});

const { baseURL, fetch } = balancer;
const client = new OpenAI({ apiKey: 'unused', baseURL, fetch, maxRetries: 0 });
const stream = await client.chat.completions.create({
  model: 'mock-model',
  messages: [{ role: 'user', content: 'What does a balancer do?' }],
  stream: true,
  stream_options: { include_usage: true },
});

let text = '';
const ids = new Set<string>();
let usage: OpenAI.CompletionUsage | null | undefined;
for await (const chunk of stream) {
  ids.add(chunk.id);
  usage = chunk.usage ?? usage;
  const piece = chunk.choices[0]?.delta.content ?? '';
  process.stdout.write(piece);
  text += piece;
  // Six tokens on, the server that writes this is killed.
  if (text === servers[0]?.completionText(6)) await servers.find(({ stats }) => stats.active > 0)?.kill();
}

console.log(`\n\nSeam: ${seam}`);
console.log(`The text is whole: ${text === servers[0]?.completionText()}`);
console.log(`Ids: ${ids.size}; completion tokens: ${usage?.completion_tokens}`);

await balancer.close();
await Promise.all(servers.map((server) => server.stop()));
