import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { BalancedReply } from '../core/exchange.js';
import { randomIndex } from '../core/random-pick.js';
import { seededRandom } from '../core/seeded-random.js';
import type { SimulatedRequest } from './report/request-record.js';
import type { TraceRequest } from './trace/trace.js';
import { REQUEST_HEADER } from './virtual/virtual-server.js';
import type { VirtualClock } from './virtual-clock.js';

/** The prompt itself is nowhere: see `REQUEST_HEADER`. */
const BODY: Uint8Array = Buffer.from('{"model":"simulated","stream":true,"messages":[]}');

export interface ServingTerms {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly onProgress: (done: number) => void;
}

/**
 * Lets every request come in its time to a client drawn at random, and waits until all have ended.
 *
 * @throws what an option of the balancer threw, `affinityKey` say
 */
export async function serveTrace(
  requests: readonly TraceRequest[],
  clients: readonly LoadBalancer[],
  { clock, seed, onProgress }: ServingTerms,
): Promise<readonly SimulatedRequest[]> {
  const random = seededRandom(seed);
  const portion = Math.ceil(requests.length / 100);
  const records: SimulatedRequest[] = [];
  let ended = 0;
  let thrown: { readonly error: unknown } | undefined;
  const arrive = (): void => {
    const index = records.length;
    const client = randomIndex(clients.length, random);
    const [request, balancer] = [requests[index], clients[client]];
    if (request === undefined || balancer === undefined) return;
    const record = newRecord(clock.now(), client, request);
    records.push(record);
    call(balancer, index, record, clock).then(
      () => {
        ended++;
        if (ended % portion === 0) onProgress(ended / requests.length);
      },
      (error: unknown) => {
        thrown ??= { error };
      },
    );
    const next = requests[index + 1];
    if (next !== undefined) clock.setTimer(arrive, next.at - clock.now());
  };
  clock.setTimer(arrive, requests[0]?.at ?? 0);
  await clock.run(() => ended === requests.length || thrown !== undefined);
  if (thrown !== undefined) throw thrown.error;
  return records;
}

function newRecord(at: number, client: number, { prompt, output }: TraceRequest): SimulatedRequest {
  return {
    at,
    client,
    prompt,
    output,
    endpoint: undefined,
    attempts: 0,
    status: 0,
    firstToken: undefined,
    endToEnd: undefined,
  };
}

/** One caller that sends a request through its balancer and reads the answer to its end, as fast as it comes. */
async function call(
  balancer: LoadBalancer,
  index: number,
  record: SimulatedRequest,
  clock: VirtualClock,
): Promise<void> {
  const { status, headers, body } = await balancer.send({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', [REQUEST_HEADER]: String(index) },
    body: BODY,
    signal: undefined,
  });
  record.status = status;
  record.attempts = Number(header(headers, 'x-evenkeel-attempts') ?? 0);
  if (record.attempts > 0) record.endpoint = header(headers, 'x-evenkeel-endpoint');
  if (status === 200) record.firstToken = clock.now() - record.at;
  if ((await isWhole(body)) && status === 200) record.endToEnd = clock.now() - record.at;
}

function header(headers: BalancedReply['headers'], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at] === name) return headers[at + 1] || undefined;
  return undefined;
}

/** Reads a body to its end; false when it broke off. */
function isWhole(body: BalancedReply['body']): Promise<boolean> {
  return new Promise((resolve) => {
    body.pipe({ write: () => true, end: () => resolve(true), fail: () => resolve(false) });
  });
}
