/**
 * A balancer under undici: `request`, `stream`, interceptors and the `dispatcher` option of Node's own `fetch`.
 * Starts two mock servers, or uses yours:
 *
 *     npx tsx examples/undici-dispatcher.ts
 *     ENDPOINTS=http://10.0.1.10:8000,http://10.0.1.11:8000 MODEL=llama-3.1-8b npx tsx examples/undici-dispatcher.ts
 */
import { Writable } from 'node:stream';
import { LoadBalancer } from 'evenkeel';
import { BalancedDispatcher } from 'evenkeel/dispatcher';
import { MockLlmServer } from 'evenkeel/testing';
import { interceptors, request, stream } from 'undici';

const given = process.env.ENDPOINTS?.split(',');
const mocks = given ? [] : await Promise.all([MockLlmServer.start(), MockLlmServer.start()]);
const urls = given ?? mocks.map(({ url }) => url);

const balancer = new LoadBalancer({
  // Nobody knows how many requests these take at once, so the balancer finds it out.
  endpoints: urls.map((url) => ({ url, maxOutstanding: 'adaptive' })),
});
const dispatcher = new BalancedDispatcher(balancer, { closeBalancer: true });

// The origin is ignored: where a request goes is the balancer's to say.
const url = 'http://models.invalid/v1/chat/completions';
const question = (streaming: boolean) => ({
  method: 'POST' as const,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    model: process.env.MODEL ?? 'mock-model',
    stream: streaming,
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
  }),
});

const { statusCode, headers, body } = await request(url, { ...question(false), dispatcher });
const answer = (await body.json()) as { choices?: { message: { content: string } }[] };
console.log(`request: ${statusCode} from ${headers['x-evenkeel-endpoint']}`);
console.log(answer.choices?.[0]?.message.content);

let bytes = 0;
await stream(url, { ...question(true), dispatcher }, () => {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      done();
    },
  });
});
console.log(`stream: ${bytes} bytes`);

// Node's own fetch; its types know undici in another version, hence `object`.
const options: object = { ...question(true), dispatcher };
const response = await fetch(url, options);
console.log(`fetch: ${response.status}, ${(await response.text()).match(/^data: /gm)?.length} events`);

const strict = dispatcher.compose(interceptors.responseError());
await strict
  .request({ origin: url, path: '/v1/nothing', method: 'GET' })
  .then(({ body }) => body.dump())
  .catch((error: Error) => console.log(`with an interceptor: ${error.name}`));

for (const { id, maxOutstanding } of balancer.snapshot().endpoints) {
  console.log(`${id} takes ${maxOutstanding} at once, as far as is known`);
}
await dispatcher.close();
await Promise.all(mocks.map((mock) => mock.stop()));
