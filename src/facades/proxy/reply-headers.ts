import type { BalancedReply } from '../../core/exchange.js';

const STREAM = /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl))/i;

/**
 * The headers to answer with: name, value, name, value … A stream is marked so that neither middleware such as
 * `compression` nor a proxy in front collects it: `cache-control: no-transform` and `x-accel-buffering: no`.
 */
export function replyHeaders({ headers }: BalancedReply): readonly string[] {
  let streams = false;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'content-type') streams = STREAM.test(headers[index + 1] ?? '');
  }
  return streams ? streamHeaders(headers) : headers;
}

function streamHeaders(headers: readonly string[]): string[] {
  const list: string[] = [];
  const caching: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (name === 'cache-control') caching.push(value);
    else if (name !== 'x-accel-buffering') list.push(name, value);
  }
  const cacheControl = caching.length === 0 ? 'no-cache' : caching.join(', ');
  list.push(
    'cache-control',
    /\bno-transform\b/i.test(cacheControl) ? cacheControl : `${cacheControl}, no-transform`,
    'x-accel-buffering',
    'no',
  );
  return list;
}
