import type { Exchange } from './exchange.js';
import { DEFAULT_ERROR, type RequestFault } from './fault.js';
import { openAiError, type Protocol, SSE } from './protocol.js';

/** Carries out a fault that takes the place of the answer. False when the fault comes later. */
export function faultBeforeAnswer(
  exchange: Exchange,
  fault: RequestFault,
  answer: { protocol: Protocol | undefined; streaming: boolean; headers: Readonly<Record<string, string>> },
): boolean {
  const { response } = exchange;
  const contentType =
    answer.streaming && answer.protocol ? answer.protocol.framing.contentType : 'application/json';
  const errorBody = answer.protocol?.error ?? openAiError;
  const headers = { ...answer.headers, 'content-type': contentType };
  const open = () => {
    response.writeHead(200, answer.streaming ? headers : { ...headers, 'content-length': '512' });
    response.flushHeaders();
  };
  switch (fault.kind) {
    case 'reset-before-headers':
      exchange.reset();
      return true;
    case 'reset-after-headers':
      open();
      exchange.reset();
      return true;
    case 'hang':
      exchange.hold();
      return true;
    case 'hang-after-headers':
      open();
      exchange.hold();
      return true;
    case 'status': {
      const body =
        typeof fault.body === 'string'
          ? fault.body
          : fault.body === undefined
            ? errorBody({ ...DEFAULT_ERROR, message: `The mock server answers ${fault.status}` })
            : JSON.stringify(fault.body);
      exchange.send(
        fault.status,
        { ...answer.headers, 'content-type': 'application/json', ...fault.headers },
        body,
      );
      return true;
    }
    case 'garbage':
      exchange.garble('\x16\x03\x01\x00not HTTP at all\r\n\r\n');
      return true;
    case 'garbage-body':
      exchange.send(200, headers, '<!doctype html><title>It works!</title>\n<p>This is no answer.</p>\n');
      return true;
    case 'short-body':
      response.writeHead(200, { ...headers, 'content-length': '4096' });
      exchange.cut(answer.streaming && answer.protocol?.framing === SSE ? 'data: {"id":"sho' : '{"id":"sho');
      return true;
    case 'stall':
    case 'stall-with-comments':
    case 'cut':
    case 'end-early':
    case 'abort':
    case 'malformed':
    case 'error-event':
    case 'comments-only':
    case 'slow':
      return false;
  }
}
