import { describe, expect, it } from 'vitest';
import { scanJson } from '../../../src/balancer/request/scan-json.js';
import { fc } from '../../support/property.js';

const NOTHING = { model: undefined, modelAt: undefined, stream: undefined, maxTokens: undefined };
const scan = (text: string) => scanJson(Buffer.from(text));

describe('scanJson', () => {
  it.each<[string, object]>([
    ['{"model":"m","stream":true,"max_tokens":5}', { model: 'm', stream: true, maxTokens: 5 }],
    [
      '{"messages":[],"max_tokens":5,"stream":false,"model":"m"}',
      { model: 'm', stream: false, maxTokens: 5 },
    ],
    [' \r\n\t{ "model" : "m" , "stream" : true } \n', { model: 'm', stream: true }],
    ['{"max_completion_tokens":7}', { maxTokens: 7 }],
    ['{"max_output_tokens":7}', { maxTokens: 7 }],
    ['{"model":"m\\"\\\\\\u00e9\\n"}', { model: 'm"\\é\n' }],
    ['{"model":"日本 👍"}', { model: '日本 👍' }],
    ['{"a":"\\\\","model":"m"}', { model: 'm' }],
    ['{"a":"\\\\\\"","model":"m"}', { model: 'm' }],
    ['{"a":"{[}\\",","model":"m"}', { model: 'm' }],
    ['{"a":{"b":"}"},"c":["]",{"d":"[{"}],"model":"m"}', { model: 'm' }],
    ['{"a\\"b":1,"model":"m"}', { model: 'm' }],
    ['{"":1,"model":""}', { model: '' }],
  ])('reads %s', (text, facts) => {
    expect(scan(text)).toMatchObject(facts);
  });

  it.each([
    '{"metadata":{"model":"x","stream":true,"max_tokens":1}}',
    '{"messages":[{"model":"x"}]}',
    '{"prompt":"\\"model\\":\\"x\\""}',
    '{"models":"x","Model":"x","model ":"x","xmodel":"x"}',
    '{"a":"model","b":["model","x"]}',
    '{"model":5,"stream":"true","max_tokens":"5"}',
    '{"model":null,"stream":null,"max_tokens":null}',
    '{"model":{"name":"x"},"max_tokens":0}',
    '{"max_tokens":-1}',
    '{}',
    '{ }',
  ])('finds nothing in %s', (text) => {
    expect(scan(text)).toEqual(NOTHING);
  });

  it.each(['', ' ', '[]', '[{"model":"m"}]', '"model"', '42', 'null', 'no JSON at all'])(
    'has nothing to say of what is no object: %j',
    (text) => {
      expect(scan(text)).toEqual(NOTHING);
    },
  );

  it.each([
    '{',
    '{"model"',
    '{"model":',
    '{"model":}',
    '{"model":"m}',
    '{"model":"m"',
    '{"model":"m",}',
    '{model:"m"}',
    '{"a":1}}',
    '{"a":1} x',
    "{'a':1}",
    '{"a" 1}',
    '{,}',
  ])('refuses %j', (text) => {
    expect(scan(text)).toBeUndefined();
  });

  it('says where the model stands, quotes included', () => {
    const body = Buffer.from('{"ü":"👍","model" : "llama" }');
    const [start, end] = scanJson(body)?.modelAt ?? [0, 0];
    expect(body.toString('utf8', start, end)).toBe('"llama"');
  });

  it('reads a part of a larger buffer where it lies', () => {
    const whole = Buffer.from('xxx{"model":"m"}yyy');
    const facts = scanJson(new Uint8Array(whole.buffer, whole.byteOffset + 3, 13));
    expect(facts).toMatchObject({ model: 'm', modelAt: [9, 12] });
  });

  it('steps over a prompt of a megabyte', () => {
    const prompt = '{"a":["\\" x ü'.repeat(80_000);
    const body = JSON.stringify({ messages: [{ content: prompt }], model: 'm', stream: true });
    expect(body.length).toBeGreaterThan(1_000_000);
    expect(scan(body)).toMatchObject({ model: 'm', stream: true });
  });

  const object = fc.dictionary(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'model ', 'messages', 'metadata')),
    fc.jsonValue(),
    { maxKeys: 6 },
  );
  const request = fc.tuple(
    object,
    fc.record(
      {
        model: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
        stream: fc.oneof(fc.boolean(), fc.jsonValue()),
        max_tokens: fc.oneof(fc.integer(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
    object,
  );

  it('agrees with JSON.parse on any object, at any indentation', () => {
    fc.assert(
      fc.property(request, fc.constantFrom(undefined, 1, '\t'), ([before, asked, after], indent) => {
        const text = JSON.stringify({ ...before, ...asked, ...after }, undefined, indent);
        const parsed = JSON.parse(text);
        expect(scan(text)).toMatchObject({
          model: typeof parsed.model === 'string' ? parsed.model : undefined,
          stream: typeof parsed.stream === 'boolean' ? parsed.stream : undefined,
          maxTokens:
            typeof parsed.max_tokens === 'number' && parsed.max_tokens > 0 ? parsed.max_tokens : undefined,
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses any object that is cut anywhere', () => {
    fc.assert(
      fc.property(request, fc.nat(), ([before, asked, after], place) => {
        const bytes = Buffer.from(JSON.stringify({ ...before, ...asked, ...after }));
        expect(scanJson(bytes.subarray(0, 1 + (place % (bytes.length - 1))))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        scanJson(Uint8Array.of(0x7b, 0x22, ...bytes));
        scanJson(bytes);
      }),
      { numRuns: 1_000 },
    );
  });
});
