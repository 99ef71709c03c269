/** A process that takes the steps of a request one by one, without a network: what each costs by itself. */
import { setImmediate } from 'node:timers/promises';
import { LoadBalancer } from 'evenkeel';
import { BalancedDispatcher } from 'evenkeel/dispatcher';
import { inspectRequest } from '../../../src/balancer/inspect-request.js';
import type { BalancedRequest } from '../../../src/core/exchange.js';
import type { OpenChannel } from '../../../src/core/transport.js';
import { JsonWatch } from '../../../src/sse/json-watch.js';
import { SseTap } from '../../../src/sse/sse-tap.js';
import { requestHeaders, responseHeaders } from '../../../src/transport/headers.js';
import { ANSWER, LAST_EVENTS, QUESTION, STREAM_QUESTION, tokenEvent } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

export interface StepTask {
  readonly step: string;
  readonly milliseconds: number;
}

const PATH = '/v1/chat/completions';
const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer sk-bench' };
const JSON_HEAD = { 'content-type': 'application/json', 'content-length': String(ANSWER.byteLength) };
const STREAM_HEAD = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
const TOKEN = Buffer.from(tokenEvent(' token'));
const LAST = Buffer.from(LAST_EVENTS);

/** Answers at once: a stream of one token to who asks for one, else JSON. */
const answering: OpenChannel = () => ({
  send(request, handler) {
    const streams = (request.body as Uint8Array).byteLength === STREAM.byteLength;
    handler.onSent(true);
    queueMicrotask(() => {
      handler.onHeaders(200, streams ? STREAM_HEAD : JSON_HEAD, 'OK');
      handler.onData(streams ? TOKEN : ANSWER);
      if (streams) handler.onData(LAST);
      handler.onEnd();
    });
    return { pause() {}, resume() {}, abort() {} };
  },
  async close() {},
  async destroy() {},
});

const JSON_BODY = Buffer.from(QUESTION);
// Told apart by length.
const STREAM = Buffer.from(`${STREAM_QUESTION} `);
const endpoints = ['a', 'b', 'c'].map((name) => ({ url: `http://${name}.invalid` }));
const balancer = new LoadBalancer({ endpoints }, answering);
const dispatcher = new BalancedDispatcher(balancer);
const request = (body: Buffer): BalancedRequest => ({
  method: 'POST',
  path: PATH,
  headers: HEADERS,
  body,
  signal: undefined,
});
const asJson = request(JSON_BODY);
const asStream = request(STREAM);
const terms = { affinityKey: undefined, estimateTokens: undefined };
const tap = new SseTap();
tap.observe(TOKEN);

const SINK = { write: () => true, end() {}, fail() {} };

const STEPS: Readonly<Record<string, () => unknown>> = {
  'read the request': () => inspectRequest(asJson, JSON_BODY, terms),
  'headers of an attempt': () => requestHeaders(HEADERS, undefined),
  'headers of an answer': () => responseHeaders(JSON_HEAD),
  'look at a JSON answer'() {
    const watch = new JsonWatch(true);
    watch.observe(ANSWER);
    return watch.problem ?? watch.refusal(ANSWER);
  },
  'look at an event of a stream': () => tap.observe(TOKEN),
  'send, a JSON answer': async () => (await balancer.send(asJson)).body.complete,
  'send, a stream of one token': async () => (await balancer.send(asStream)).body.pipe(SINK),
  'fetch, a JSON answer': async () =>
    (await balancer.fetch(PATH, { method: 'POST', headers: HEADERS, body: QUESTION })).text(),
  'BalancedDispatcher, a JSON answer': async () => {
    const answer = await dispatcher.request({
      origin: 'http://any.invalid',
      path: PATH,
      method: 'POST',
      headers: HEADERS,
      body: QUESTION,
    });
    return answer.body.text();
  },
};

/** Few enough that the young generation holds all that they allocate. */
const COUNTED = 400;
const AT_A_TIME = 100;

async function repeat(take: () => unknown, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const taken = take();
    if (taken instanceof Promise) await taken;
  }
}

/** @returns processor time of one in µs, and what it allocates in bytes */
async function measure({ step, milliseconds }: StepTask) {
  const take = STEPS[step];
  if (take === undefined) throw new Error(`No such step: ${step}`);
  const end = performance.now() + milliseconds;
  const began = cpuTime();
  let times = 0;
  while (performance.now() < end) {
    await repeat(take, AT_A_TIME);
    // What is left for the end of a turn has its turn.
    await setImmediate();
    times += AT_A_TIME;
  }
  const cpu = (cpuTime() - began) / times;
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  await repeat(take, COUNTED);
  return { cpu, bytes: (process.memoryUsage().heapUsed - heapUsed) / COUNTED };
}

serveParent(Object.keys(STEPS), (message) => measure(JSON.parse(message)));
