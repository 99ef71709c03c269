import { describe, expect, it } from 'vitest';
import { endpointPath } from '../../src/balancer/endpoint-path.js';
import { readRequest } from '../../src/balancer/fetch.js';
import { inspectRequest } from '../../src/balancer/inspect-request.js';
import { pathProblem } from '../../src/balancer/request/path-problem.js';
import { scanJson } from '../../src/balancer/request/scan-json.js';
import { addForwardedHeaders } from '../../src/facades/proxy/forwarded-headers.js';
import { forwardedPath } from '../../src/facades/proxy/forwarded-path.js';
import { parseRetryAfter } from '../../src/retries/retry-after.js';
import { NdjsonTap } from '../../src/sse/ndjson-tap.js';
import { SseTap } from '../../src/sse/sse-tap.js';
import { StreamWatch } from '../../src/sse/stream-watch.js';
import { requestHeaders, responseHeaders } from '../../src/transport/headers.js';
import { fc } from '../support/property.js';

const NOW = Date.UTC(2026, 0, 1);
const runs = { numRuns: 1_000 };

/** Names that matter to the parsers beside ones that do not. */
const headerName = fc.oneof(
  fc.constantFrom(
    'connection',
    'te',
    'transfer-encoding',
    'content-length',
    'host',
    'upgrade',
    'keep-alive',
    'authorization',
    'x-evenkeel-endpoint',
    'constructor',
    '__proto__',
  ),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/),
);
const headers = fc
  .array(fc.tuple(headerName, fc.oneof(fc.string({ maxLength: 20 }), headerName)), { maxLength: 12 })
  .chain((pairs) =>
    fc
      .array(headerName, { maxLength: 3 })
      .map((named) => [
        ...pairs,
        ['connection', named.map((name) => name.toUpperCase()).join(' , ')] as const,
      ]),
  )
  .map((pairs) => Object.fromEntries(pairs));

const FRAMING = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authorization',
];
const named = (value: string | undefined) =>
  (value ?? '').split(',').map((name) => name.trim().toLowerCase());

describe('Headers, whatever they are', () => {
  it('go to an endpoint without hop-by-hop headers, those that are named, and any the caller cannot set', () => {
    fc.assert(
      fc.property(headers, (caller) => {
        const out = requestHeaders(caller, { authorization: 'own' });
        for (const name of [...FRAMING, 'content-length', 'host', ...named(caller.connection)]) {
          if (name === 'authorization' || name === 'accept-encoding') continue;
          expect([name, Object.hasOwn(out, name)]).toEqual([name, false]);
        }
        expect(out.authorization).toBe('own');
        expect(Object.getPrototypeOf(out)).toBe(Object.prototype);
        for (const name of Object.keys(out))
          if (name !== 'authorization' && name !== 'accept-encoding') expect(out[name]).toBe(caller[name]);
      }),
      runs,
    );
  });

  it('come back without hop-by-hop headers, those that are named, and ours', () => {
    fc.assert(
      fc.property(headers, (answer) => {
        const list = responseHeaders(answer);
        expect(list.length % 2).toBe(0);
        const names = list.filter((_, index) => index % 2 === 0);
        for (const name of [...FRAMING, 'x-evenkeel-endpoint', ...named(answer.connection)])
          expect(names).not.toContain(name);
        for (const [index, name] of names.entries()) expect(list[index * 2 + 1]).toBe(answer[name]);
      }),
      runs,
    );
  });

  it('cannot take away what a facade says of the caller', () => {
    fc.assert(
      fc.property(headers, (caller) => {
        const out = { ...caller };
        const connection = { address: '10.0.0.1', protocol: 'https' as const, host: 'app' };
        expect(addForwardedHeaders(out, connection, false)).toBe('10.0.0.1');
        const sent = requestHeaders(out, undefined);
        expect(sent['x-real-ip']).toBe('10.0.0.1');
        expect(sent['x-forwarded-proto']).toBe('https');
        expect(sent['x-forwarded-for']?.endsWith('10.0.0.1')).toBe(true);
      }),
      runs,
    );
  });
});

describe('Retry-After, whatever it is', () => {
  const text = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.stringMatching(/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/),
  );

  it('is a time that is not negative, or nothing', () => {
    fc.assert(
      fc.property(text, text, (seconds, milliseconds) => {
        for (const given of [
          { 'retry-after': seconds },
          { 'retry-after': [seconds], 'retry-after-ms': milliseconds },
        ]) {
          const wait = parseRetryAfter(given, NOW);
          if (wait !== undefined) expect(wait).toBeGreaterThanOrEqual(0);
        }
      }),
      runs,
    );
  });

  it('gives a date in the future to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000 }), (seconds) => {
        const date = new Date(NOW + seconds * 1000).toUTCString();
        expect(parseRetryAfter({ 'retry-after': date }, NOW)).toBe(seconds * 1000);
      }),
      runs,
    );
  });
});

describe('A request body, whatever its bytes', () => {
  it('is scanned without an error, and what is JSON is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        scanJson(bytes);
      }),
      runs,
    );
  });

  it('has the same model, however its keys are escaped', () => {
    const escaped = (text: string, which: readonly boolean[]) =>
      [...text]
        .map((letter, index) =>
          which[index % which.length] ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
        )
        .join('');
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 25 }),
        fc.string(),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (which, model, rest) => {
          const others = JSON.stringify(rest).slice(1, -1);
          const text = `{${others}${others === '' ? '' : ','}"${escaped('model', which)}":${JSON.stringify(model)},"${escaped('max_completion_tokens', which)}":7}`;
          expect(JSON.parse(text)).toMatchObject({ model });
          expect(scanJson(Buffer.from(text))).toMatchObject({ model, maxTokens: 7 });
        },
      ),
      runs,
    );
  });
});

describe('A path, whatever it is', () => {
  const path = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          'v1',
          '..',
          '.',
          '%2e%2E',
          '..;',
          '%2f',
          '%5c',
          '\\',
          '',
          'chat',
          'completions',
          '...',
          'a.b',
          '..%2f',
        ),
        fc.string({ maxLength: 6 }),
      ),
      { maxLength: 6 },
    )
    .map((parts) => `/${parts.join('/')}`);

  it('that is sent on stays below the base path, as every server would read it', () => {
    fc.assert(
      fc.property(path, fc.constantFrom('', '/v1', '/team/v1'), (asked, base) => {
        const [pathname = ''] = asked.split('?');
        if (pathProblem(pathname) !== undefined) return;
        const sent = endpointPath(base, pathname);
        // Read in the most lenient way: escapes undone, backslashes as slashes.
        const lenient = sent
          .replace(/%2f/gi, '/')
          .replace(/%5c/gi, '/')
          .replace(/%2e/gi, '.')
          .replaceAll('\\', '/');
        let depth = 0;
        for (const part of lenient.slice(base.length).split(/[/]/)) {
          if (part.split(/[;#]/)[0] === '..') depth--;
          else if (part !== '' && part !== '.') depth++;
          expect(depth).toBeGreaterThanOrEqual(0);
        }
        expect(sent.startsWith(base)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is refused or sent, never thrown at; and the origin is gone', () => {
    fc.assert(
      fc.property(fc.oneof(path, fc.webUrl(), fc.string()), fc.constantFrom('', '/llm'), (asked, prefix) => {
        const given = forwardedPath(asked, prefix);
        const request = { method: 'GET', path: given, headers: {}, body: undefined, signal: undefined };
        const { refusal } = inspectRequest(request, undefined, {
          affinityKey: undefined,
          estimateTokens: undefined,
        });
        if (refusal === undefined) expect(given.startsWith('/')).toBe(true);
      }),
      runs,
    );
  });
});

describe('What fetch is asked for, whatever it is', () => {
  it('is a path that begins with a slash, or a TypeError', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string()),
        (input) => {
          let request: ReturnType<typeof readRequest>;
          try {
            request = readRequest(input);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            return;
          }
          expect(request.path).not.toContain('#');
          const { refusal } = inspectRequest(request, undefined, {
            affinityKey: undefined,
            estimateTokens: undefined,
          });
          if (refusal === undefined) expect(request.path).toMatch(/^\//);
        },
      ),
      runs,
    );
  });

  it('with any headers gives the same as Headers does', () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
    const value = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const name = fc.oneof(token, fc.constantFrom('constructor', 'CONSTRUCTOR', 'toString', 'Set-Cookie2'));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (pairs) => {
        expect(readRequest('/', { headers: pairs }).headers).toEqual(Object.fromEntries(new Headers(pairs)));
      }),
      runs,
    );
  });
});

describe('A stream, whatever its bytes', () => {
  it.each([
    ['server-sent events', () => new SseTap()],
    ['newline-delimited JSON', () => new NdjsonTap()],
  ])('%s: watching neither throws, nor depends on where the bytes were cut', (_, make) => {
    const noise = fc.oneof(
      fc.constantFrom(
        'data: ',
        'event: error\n',
        '\n\n',
        '\r\n',
        '\r',
        '{"',
        '"}',
        '[DONE]',
        ':',
        '\ufeff',
        '{"error":1}',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.json().map((json) => `data: ${json}\n\n`),
      fc.json().map((json) => `${json}\n`),
    );
    fc.assert(
      fc.property(
        fc.array(noise, { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (parts, cuts) => {
          const bytes = Buffer.from(parts.join(''));
          const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
          const findings = (chunks: readonly Uint8Array[]) => {
            const watch = new StreamWatch(make());
            for (const chunk of chunks) watch.observe(chunk, 0);
            watch.observe(undefined, 0);
            return { ...watch.findings };
          };
          const whole = findings([bytes]);
          expect(findings(edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge)))).toEqual(
            whole,
          );
        },
      ),
      runs,
    );
  });
});
