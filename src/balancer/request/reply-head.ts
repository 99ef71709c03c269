import type { BalancedReply } from '../../core/exchange.js';
import type { ResponseTap } from '../../sse/response-tap.js';
import { responseHeaders } from '../../transport/headers.js';
import { addServerTiming, type ServerTiming } from './server-timing.js';

/** What is to be said of an answer beside what its endpoint says. */
interface Account {
  readonly endpoint: string;
  readonly request: { readonly attempts: number };
  readonly serverTiming: ServerTiming | undefined;
}

/** Status and headers of an attempt's answer, and whose it is. */
export function replyHead(tap: ResponseTap, account: Account): Omit<BalancedReply, 'body'> {
  const { status, statusText } = tap.head;
  const { endpoint, request, serverTiming } = account;
  const headers = responseHeaders(tap.head.headers);
  headers.push('x-evenkeel-endpoint', endpoint, 'x-evenkeel-attempts', String(request.attempts));
  if (serverTiming !== undefined) addServerTiming(headers, serverTiming.value(request.attempts, tap.clocks));
  return { status, statusText, headers };
}
