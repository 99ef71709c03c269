import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { BalancedReply } from '../core/exchange.js';
import type { RequestRecord } from './request-record.js';
import type { VirtualClock } from './virtual-clock.js';
import { REQUEST_HEADER } from './virtual-server.js';

/** The prompt itself is nowhere: see `REQUEST_HEADER`. */
const BODY: Uint8Array = Buffer.from('{"model":"simulated","stream":true,"messages":[]}');

/** One caller that sends a request through its balancer and reads the answer to its end, as fast as it comes. */
export async function call(
  balancer: LoadBalancer,
  index: number,
  record: RequestRecord,
  clock: VirtualClock,
): Promise<void> {
  const reply = await balancer.send({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', [REQUEST_HEADER]: String(index) },
    body: BODY,
    signal: undefined,
  });
  if (reply.status === 200) record.firstToken = clock.now() - record.at;
  for (let at = 0; at < reply.headers.length; at += 2) {
    const value = reply.headers[at + 1] ?? '';
    if (reply.headers[at] === 'x-evenkeel-endpoint') record.endpoint = value || undefined;
    else if (reply.headers[at] === 'x-evenkeel-attempts') record.attempts = Number(value);
  }
  const whole = await read(reply);
  record.status = reply.status;
  if (whole && reply.status === 200) record.endToEnd = clock.now() - record.at;
}

/** @returns false when the answer broke off */
function read({ body }: BalancedReply): Promise<boolean> {
  return new Promise((resolve) => {
    body.pipe({ write: () => true, end: () => resolve(true), fail: () => resolve(false) });
  });
}
