import { describe, expect, it } from 'vitest';
import { classifyError } from '../../../src/transport/classify-error.js';

const withCode = (code: string | undefined, name = 'Error') =>
  Object.assign(new Error('x'), { name, ...(code === undefined ? {} : { code }) });

describe('classifyError', () => {
  it.each<[string | undefined, boolean, string]>([
    ['ECONNREFUSED', false, 'connect'],
    ['ENOTFOUND', false, 'connect'],
    ['EHOSTUNREACH', false, 'connect'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'connect'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'connect'],
    ['ECONNRESET', false, 'connect'],
    [undefined, false, 'connect'],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'timeout-connect'],
    ['ECONNRESET', true, 'reset'],
    ['EPIPE', true, 'reset'],
    ['UND_ERR_SOCKET', true, 'reset'],
    ['UND_ERR_DESTROYED', true, 'reset'],
    [undefined, true, 'reset'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', true, 'protocol'],
    ['UND_ERR_HEADERS_OVERFLOW', true, 'protocol'],
    ['UND_ERR_RESPONSE', true, 'protocol'],
  ])('%s, sent: %s, is %s', (code, sent, reason) => {
    expect(classifyError(withCode(code), sent)).toEqual({ reason, invalid: false });
  });

  it('knows the parser’s errors by their name', () => {
    expect(classifyError(withCode('HPE_INVALID_CONSTANT', 'HTTPParserError'), true).reason).toBe('protocol');
  });

  it.each(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])(
    'takes %s for the caller’s mistake, whenever it comes',
    (code) => {
      for (const sent of [false, true]) expect(classifyError(withCode(code), sent).invalid).toBe(true);
    },
  );
});
