import { describe, expect, it } from 'vitest';
import { endpointPath } from '../../../src/balancer/endpoint-path.js';
import {
  type InspectionTerms,
  inspectRequest,
  type RequestFacts,
  renameModel,
} from '../../../src/balancer/inspect-request.js';
import { scanJson } from '../../../src/balancer/request/scan-json.js';
import type { BalancedRequest } from '../../../src/core/exchange.js';

const NO_TERMS: InspectionTerms = { affinityKey: undefined, estimateTokens: undefined };

function inspect(
  body: string | undefined,
  fields: Partial<BalancedRequest> = {},
  terms: InspectionTerms = NO_TERMS,
) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const incoming: BalancedRequest = {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: bytes,
    signal: undefined,
    ...fields,
  };
  return inspectRequest(incoming, bytes, terms);
}
function inspected(...args: Parameters<typeof inspect>) {
  const found = inspect(...args);
  if (found.refusal !== undefined) throw new Error(found.refusal.message);
  return found;
}

describe('inspectRequest', () => {
  it('reads what a policy may know', () => {
    const { request, inference } = inspected('{"model":"m","stream":true,"max_tokens":9}', {
      clientAddress: '10.0.0.9',
      overrides: { priority: 3, affinityKey: 'user-1', policyData: { tenant: 7 } },
    });
    expect(inference).toBe(true);
    expect({ ...request }).toEqual({
      method: 'POST',
      model: 'm',
      streaming: true,
      promptTokens: 11,
      maxTokens: 9,
      clientAddress: '10.0.0.9',
      priority: 3,
      attempt: 1,
      attempts: 0,
      tried: [],
    });
    // There to be read, but not printed with the rest: a key may be in each.
    expect(request.path).toBe('/v1/chat/completions');
    expect(request.affinityKey).toBe('user-1');
    expect(request.policyData).toEqual({ tenant: 7 });
    expect(request.headers).toEqual({ 'content-type': 'application/json' });
  });

  it.each<[string, string, boolean]>([
    ['/v1/chat/completions', '{"stream":true}', true],
    ['/v1/chat/completions', '{"stream":false}', false],
    ['/v1/chat/completions', '{}', false],
    ['/v1/messages', '{"stream":true}', true],
    ['/api/chat', '{}', true],
    ['/api/generate?x=1', '{}', true],
    ['/api/generate', '{"stream":false}', false],
    ['/api/embed', '{}', false],
  ])('%s with %s streams: %s', (path, body, streaming) => {
    expect(inspected(body, { path }).request.streaming).toBe(streaming);
  });

  it('goes by the accept header where no body says it', () => {
    const headers = { accept: 'text/event-stream, */*' };
    expect(inspected(undefined, { method: 'GET', path: '/v1/responses/1', headers }).request.streaming).toBe(
      true,
    );
    expect(inspected(undefined, { method: 'GET', path: '/v1/models', headers: {} }).request.streaming).toBe(
      false,
    );
    // A body on a known path that does not ask for a stream gets none, whatever the client could take.
    expect(
      inspected('{}', { headers: { 'content-type': 'application/json', ...headers } }).request.streaming,
    ).toBe(false);
  });

  it.each(['/v1/completions', '/v1/responses', '/openai/v1/embeddings', '/v1/messages', '/api/chat'])(
    'knows the protocol of %s, of POST only',
    (path) => {
      expect(inspected('{}', { path }).inference).toBe(true);
      expect(inspected('{}', { path: `${path}?beta=true` }).inference).toBe(true);
      expect(inspected(undefined, { path, method: 'GET' }).inference).toBe(false);
      expect(inspected('{}', { path: `${path}/cancel` }).inference).toBe(false);
    },
  );

  it('refuses a JSON body that is cut', () => {
    expect(inspect('{"model":"m"')).toMatchObject({
      refusal: { code: 'invalid_json' },
      request: { path: '/v1/chat/completions' },
    });
  });

  it('does not look into a body of another type, nor an empty one', () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    expect(inspected('{"model":"m"', { path: '/v1/audio/transcriptions', headers }).facts).toBeUndefined();
    expect(inspected('').facts).toBeUndefined();
  });

  it('reads a string that fetch called text as JSON on a path it knows, and nowhere else', () => {
    const untyped: Record<string, string>[] = [{ 'content-type': 'text/plain;charset=UTF-8' }, {}];
    for (const headers of untyped) {
      expect(inspected('{"model":"m"}', { headers }).request.model).toBe('m');
      expect(inspected('{"model":"m"}', { headers, path: '/upload' }).facts).toBeUndefined();
    }
  });

  it('asks the options with the facts at hand; the request itself has the last word on affinity', () => {
    const seen: RequestFacts[] = [];
    const terms: InspectionTerms = {
      affinityKey: (facts) => {
        seen.push(facts);
        return facts.headers['x-session'];
      },
      estimateTokens: (facts) => (facts.body?.byteLength ?? 0) * 10,
    };
    const headers = { 'content-type': 'application/json', 'x-session': 's-1' };
    const { request } = inspected('{"model":"m"}', { headers }, terms);
    expect(request).toMatchObject({ affinityKey: 's-1', promptTokens: 130 });
    expect(seen).toMatchObject([{ model: 'm', streaming: false, method: 'POST' }]);
    expect(inspected('{}', { headers, overrides: { affinityKey: 'mine' } }, terms).request.affinityKey).toBe(
      'mine',
    );
  });

  it.each([Number.NaN, -1])('falls back to bytes / 4 when the estimate is %s', (estimate) => {
    const terms = { affinityKey: undefined, estimateTokens: () => estimate };
    expect(inspected('{"a":1}', {}, terms).request.promptTokens).toBe(2);
  });
});

describe('renameModel', () => {
  const rename = (text: string, served: string | undefined) => {
    const body = Buffer.from(text);
    return { body, renamed: renameModel(body, scanJson(body), served) };
  };

  it('replaces the name where it stands and leaves every other byte', () => {
    const { renamed } = rename('{ "a":"llama", "model" : "llama" ,"ü":"👍"}', 'meta/"llama"');
    expect(Buffer.from(renamed).toString()).toBe('{ "a":"llama", "model" : "meta/\\"llama\\"" ,"ü":"👍"}');
  });

  it.each([
    ['{"model":"m"}', 'm'],
    ['{"model":"m"}', undefined],
    ['{"a":1}', 'other'],
    ['{"model":5}', 'other'],
  ])('hands %s on uncopied for %s', (text, served) => {
    const { body, renamed } = rename(text, served);
    expect(renamed).toBe(body);
  });
});

describe('endpointPath', () => {
  it.each([
    ['', '/v1/models', '/v1/models'],
    ['/v1', '/v1/chat/completions', '/v1/chat/completions'],
    ['/v1', '/chat/completions', '/v1/chat/completions'],
    ['/openai/v1', '/v1/models', '/openai/v1/models'],
    ['/openai/v1', '/openai/v1/models', '/openai/v1/models'],
    ['/api', '/v1/models', '/api/v1/models'],
    ['/v1', '/v1', '/v1'],
    ['/v1', '/v1?x=1', '/v1?x=1'],
    ['/v1', '/v10/models', '/v1/v10/models'],
    ['/v1', '/v1beta/models', '/v1/v1beta/models'],
    ['/a/b', '/b/a/x', '/a/b/a/x'],
    ['/a/b/a', '/a/b', '/a/b/a/b'],
    ['/v1', '/', '/v1/'],
  ])('%j and %j make %j', (basePath, path, joined) => {
    expect(endpointPath(basePath, path)).toBe(joined);
  });
});
