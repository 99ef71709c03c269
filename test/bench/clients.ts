/** A process that sends requests in the ways to be compared, one way at a time. */
import { LoadBalancer } from 'evenkeel';
import OpenAI from 'openai';
import OpenAI7 from 'openai7';
import { Pool } from 'undici';
import { QUESTION } from './payload.js';
import { cpuTime, type Measurement, serveParent } from './serve-parent.js';

const CONCURRENCY = 64;
const PATH = '/v1/chat/completions';
const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer sk-bench' };
const REQUEST = { method: 'POST', headers: HEADERS, body: QUESTION } as const;

const [urlList = '[]'] = process.argv.slice(2);
const urls: readonly string[] = JSON.parse(urlList);
const url = urls[0] ?? '';

const balancer = new LoadBalancer({ endpoints: urls.map((each) => ({ url: each })) });
const pool = new Pool(url);
// openai 7 asks for Node 22; for this one call its types are those of 6.
const Client =
  Number(process.versions.node.split('.')[0]) >= 22 ? (OpenAI7 as unknown as typeof OpenAI) : OpenAI;
const plainClient = new Client({ apiKey: 'sk-bench', baseURL: `${url}/v1`, maxRetries: 0 });
const balancedClient = new Client({
  apiKey: 'sk-bench',
  baseURL: balancer.baseURL,
  fetch: balancer.fetch,
  maxRetries: 0,
});
const question: { model: string; messages: { role: 'user'; content: string }[] } = JSON.parse(QUESTION);

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'balancer.fetch': async () =>
    (await balancer.fetch(`${balancer.baseURL}/chat/completions`, REQUEST)).json(),
  'global fetch': async () => (await fetch(url + PATH, REQUEST)).json(),
  'Pool.request in a Response': async () => {
    const { statusCode, headers, body } = await pool.request({ path: PATH, ...REQUEST });
    const response = new Response(await body.text(), {
      status: statusCode,
      headers: headers as Record<string, string>,
    });
    return response.json();
  },
  'OpenAI client with balancer.fetch': () => balancedClient.chat.completions.create(question),
  'OpenAI client': () => plainClient.chat.completions.create(question),
};

/** @param milliseconds so long new requests are begun */
async function measure(send: () => Promise<unknown>, milliseconds: number): Promise<Measurement> {
  const cpu = cpuTime();
  const began = performance.now();
  let requests = 0;
  const sender = async () => {
    while (performance.now() - began < milliseconds) {
      await send();
      requests++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sender));
  return { requests, milliseconds: performance.now() - began, cpu: cpuTime() - cpu };
}

serveParent({ ways: Object.keys(WAYS) }, async (message) => {
  const { way, milliseconds }: { way: string; milliseconds: number } = JSON.parse(message);
  const send = WAYS[way];
  if (send === undefined) throw new Error(`No such way: ${way}`);
  return measure(send, milliseconds);
});
