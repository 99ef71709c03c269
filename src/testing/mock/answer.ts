import type { PiecedText } from './completion-text.js';
import type { Exchange } from './exchange.js';
import { DEFAULT_ERROR, type RequestFault, type RequestFaultOf } from './fault.js';
import type { Completion, JsonObject, Protocol } from './protocol.js';
import type { Sequence, ServiceModel, StepResult } from './service-model.js';

/** All that one answer is made of. */
export interface Answer {
  readonly exchange: Exchange;
  readonly protocol: Protocol;
  readonly completion: Completion;
  readonly body: JsonObject;
  readonly fault: RequestFault | undefined;
  readonly text: PiecedText;
  readonly service: ServiceModel;
  readonly headers: Readonly<Record<string, string>>;
}

/** Streams the answer token by token. False when the service model has no room. */
export function streamAnswer(answer: Answer): boolean {
  const { exchange, protocol, completion, fault, text, service } = answer;
  const renderer = protocol.stream?.(completion);
  if (renderer === undefined) return wholeAnswer(answer);
  const { response, entry } = exchange;
  const { framing } = protocol;
  const trigger = fault && 'after' in fault ? Math.min(fault.after, completion.tokens) : undefined;
  const steps = Math.max(1, completion.tokens + (trigger === completion.tokens ? 1 : 0));
  let greeted = false;

  const sequence = generate(answer, steps, (index) => {
    if (fault?.kind === 'comments-only' && !greeted) {
      greeted = true;
      commentsFirst(exchange, fault, framing.comment, () => sequence && service.resume(sequence));
      return 'pause';
    }
    let out = index === 0 ? renderer.head() : '';
    const token = index < completion.tokens ? renderer.token(text.piece(index)) : '';
    if (index === trigger) {
      switch (fault?.kind) {
        case 'stall':
          exchange.hold(out);
          return 'pause';
        case 'stall-with-comments':
          exchange.hold(out);
          exchange.repeat(framing.comment, fault.interval ?? 1000, Number.POSITIVE_INFINITY, () => {});
          return 'pause';
        case 'cut':
          exchange.cut(out);
          return 'pause';
        case 'end-early':
          response.end(out);
          return 'pause';
        case 'abort':
          response.end(out + (renderer.abort?.() ?? ''));
          return 'pause';
        case 'error-event':
          response.end(out + renderer.error(fault.error ?? DEFAULT_ERROR));
          return 'pause';
        case 'malformed':
          out += broken(token === '' ? renderer.token('') : token, framing.separator);
      }
    }
    out += token;
    entry.tokens = Math.min(index + 1, completion.tokens);
    if (index === steps - 1) {
      response.end(out + renderer.tail());
      return 'advance';
    }
    if (response.write(out)) return 'advance';
    response.once('drain', () => sequence && service.resume(sequence));
    return 'advance-and-pause';
  });
  if (sequence === undefined) return false;
  response.writeHead(200, {
    ...answer.headers,
    'content-type': framing.contentType,
    'cache-control': 'no-cache',
  });
  response.flushHeaders();
  return true;
}

/** Sends the answer in one piece when it is complete. False when the service model has no room. */
export function wholeAnswer(answer: Answer): boolean {
  const { completion, fault, service } = answer;
  // Nothing to wait for: no step either, so that the mock server is no brake in a benchmark.
  if (service.instant && fault === undefined && Number.isFinite(completion.tokens)) {
    sendWhole(answer);
    return true;
  }
  const last = Math.max(1, completion.tokens) - 1;
  const sequence = generate(answer, last + 1, (index) => {
    if (index === last) sendWhole(answer);
    return 'advance';
  });
  return sequence !== undefined;
}

function sendWhole(answer: Answer): void {
  const { exchange, protocol, completion, fault } = answer;
  const { response } = exchange;
  const body = protocol.whole(completion, answer.body);
  const half = body.slice(0, body.length >> 1);
  const headers = { ...answer.headers, 'content-type': 'application/json' };
  const promised = { ...headers, 'content-length': String(Buffer.byteLength(body)) };
  switch (fault?.kind) {
    case 'stall':
      response.writeHead(200, promised);
      return exchange.hold(half);
    case 'stall-with-comments':
      response.writeHead(200, headers);
      exchange.hold();
      return exchange.repeat('\n', fault.interval ?? 1000, Number.POSITIVE_INFINITY, () => {});
    case 'cut':
      response.writeHead(200, promised);
      return exchange.cut(half);
    case 'end-early':
      return exchange.send(200, headers, half);
    case 'abort': {
      const given = body.replace(/"finish_reason":"[a-z]+"/, '"finish_reason":"abort"');
      return exchange.send(200, headers, given === body ? half : given);
    }
    case 'malformed':
      return exchange.send(200, headers, `${body.slice(0, -1)},`);
    case 'error-event':
      return exchange.send(200, headers, protocol.error(fault.error ?? DEFAULT_ERROR));
    case 'comments-only':
      response.writeHead(200, headers);
      return commentsFirst(exchange, fault, '\n', () => {
        exchange.entry.tokens = completion.tokens;
        response.end(body);
      });
    default:
      exchange.entry.tokens = completion.tokens;
      exchange.send(200, headers, body);
  }
}

/** Plays a `comments-only` fault up to what follows it. */
function commentsFirst(
  exchange: Exchange,
  fault: RequestFaultOf<'comments-only'>,
  comment: string,
  answer: () => void,
): void {
  exchange.repeat(comment, fault.interval ?? 10, fault.count ?? 3, () => {
    switch (fault.next ?? 'hang') {
      case 'hang':
        return exchange.hold();
      case 'end':
        return void exchange.response.end();
      case 'cut':
        return exchange.cut('');
      case 'answer':
        return answer();
    }
  });
}

/** Has the service model work for this answer until the exchange is over. */
function generate(
  { exchange, service, completion, fault }: Answer,
  steps: number,
  onStep: (index: number) => StepResult,
): Sequence | undefined {
  const sequence = service.submit({
    promptTokens: completion.promptTokens,
    steps,
    emit: (index) => {
      const next = onStep(index);
      if (next !== 'advance' || fault?.kind !== 'slow' || index === steps - 1) return next;
      exchange.later(fault.interval, () => sequence && service.resume(sequence));
      return 'advance-and-pause';
    },
  });
  if (sequence !== undefined) exchange.onClose(() => service.remove(sequence));
  return sequence;
}

/** An event cut in its middle, framed as if it were whole. */
function broken(event: string, separator: string): string {
  return event.slice(0, Math.floor(event.length * 0.6)) + separator;
}
