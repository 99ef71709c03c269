import { describe, expect, it } from 'vitest';
import { firstValue, requestHeaders, responseHeaders } from '../../../src/transport/headers.js';

describe('requestHeaders', () => {
  it('passes the caller’s headers on, and asks for bytes that can be read', () => {
    expect(
      requestHeaders({ authorization: 'Bearer k', 'x-a': '1', 'accept-encoding': 'br' }, undefined),
    ).toEqual({
      authorization: 'Bearer k',
      'x-a': '1',
      'accept-encoding': 'identity',
    });
  });

  it.each([
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'host',
    'content-length',
    'expect',
  ])('leaves %s behind', (name) => {
    expect(requestHeaders({ [name]: 'x' }, undefined)).toEqual({ 'accept-encoding': 'identity' });
  });

  it('leaves behind what `connection` names, in any case', () => {
    const headers = { connection: 'close, X-Hop ,x-other', 'x-hop': '1', 'x-other': '2', 'x-end': '3' };
    expect(requestHeaders(headers, undefined)).toEqual({ 'x-end': '3', 'accept-encoding': 'identity' });
  });

  it('lets the endpoint’s own headers win', () => {
    const caller = { authorization: 'Bearer caller', 'x-a': '1' };
    expect(requestHeaders(caller, { authorization: 'Bearer endpoint', host: 'api.example.com' })).toEqual({
      authorization: 'Bearer endpoint',
      'x-a': '1',
      host: 'api.example.com',
      'accept-encoding': 'identity',
    });
    expect(caller).toEqual({ authorization: 'Bearer caller', 'x-a': '1' });
  });
});

describe('responseHeaders', () => {
  it('lists names and values, repeated ones one by one', () => {
    expect(
      responseHeaders({ 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'], 'x-none': undefined }),
    ).toEqual(['content-type', 'text/plain', 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
  });

  it('leaves hop-by-hop headers behind, and those that `connection` names', () => {
    const headers = {
      connection: 'close, x-hop',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'x-hop': '1',
    };
    expect(responseHeaders({ ...headers, 'x-end': '2' })).toEqual(['x-end', '2']);
    expect(responseHeaders({ connection: 'keep-alive', 'x-end': '2' })).toEqual(['x-end', '2']);
    expect(responseHeaders({ connection: ['close', 'x-hop'], 'x-hop': '1' })).toEqual([]);
  });

  it('does not let an endpoint pass for another', () => {
    expect(responseHeaders({ 'x-evenkeel-endpoint': 'other', 'x-evenkeel-attempts': '9' })).toEqual([]);
  });
});

describe('firstValue', () => {
  it('is the value, the first of several, or unknown', () => {
    expect(firstValue({ a: 'x' }, 'a')).toBe('x');
    expect(firstValue({ a: ['x', 'y'] }, 'a')).toBe('x');
    expect(firstValue({ a: [] }, 'a')).toBeUndefined();
    expect(firstValue({}, 'a')).toBeUndefined();
  });
});
