import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryPoints } from '../../tsup.config.js';
import { Consumer, manifest } from './consumer.js';

const require = createRequire(import.meta.url);
const specifiers = Object.keys(entryPoints()).map((name) =>
  name === 'index' ? 'evenkeel' : `evenkeel/${name}`,
);
const dependencies = Object.keys(manifest.dependencies);
const peers = Object.keys(manifest.peerDependencies);
/** Bundled into the CommonJS build, so a project that requires it must not need them. */
const bundled = ['p-queue', 'eventsource-parser'];
const required = dependencies.filter((name) => !bundled.includes(name));

/** One request through a balancer to a server in the same process; `lib` is the library. */
const ONE_REQUEST = `
async function oneRequest(lib, http) {
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ path: request.url }));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const balancer = new lib.LoadBalancer({ endpoints: [{ id: 'a', url: 'http://127.0.0.1:' + server.address().port }] });
  const response = await balancer.fetch('/v1/models');
  const answer = [response.status, response.headers.get('x-evenkeel-endpoint'), (await response.json()).path];
  await balancer.close();
  await new Promise((closed) => server.close(closed));
  return answer.join(' ');
}
`;

const OPTION_ERROR = `
function optionError(lib) {
  try {
    new lib.LoadBalancer({ endpoints: [{ url: 'http://a', weight: -1 }] });
  } catch (error) {
    return [error instanceof lib.InvalidOptionError, error.name, error.code].join(' ');
  }
}
`;

describe('the command', () => {
  it('of the installed package compares policies over a generated trace', async () => {
    const project = new Consumer(dependencies, {});
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: { evenkeel: string } };
    const command = join('node_modules', 'evenkeel', bin.evenkeel);
    const tables = await project.node(command, 'simulate', '--requests', '20', '--fleet', 'a100');
    expect(tables).toContain('20 requests at 80 %');
    expect(readFileSync(join(project.folder, command), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('an ESM project', () => {
  it('imports every entry point', async () => {
    const project = new Consumer([...dependencies, ...peers], {
      'main.mjs': `for (const name of ${JSON.stringify(specifiers)})
        console.log(name, Object.keys(await import(name)).length > 0);`,
    });
    expect(await project.node('main.mjs')).toBe(specifiers.map((name) => `${name} true\n`).join(''));
  });

  it('needs no optional peer for anything but the Prometheus exporter', async () => {
    const others = specifiers.filter((name) => name !== 'evenkeel/prometheus');
    const project = new Consumer(dependencies, {
      'main.mjs': `for (const name of ${JSON.stringify(others)}) await import(name);
        console.log(await import('evenkeel/prometheus').catch((error) => error.code));`,
    });
    expect(await project.node('main.mjs')).toBe('ERR_MODULE_NOT_FOUND\n');
  });

  it('sends a request, closes, and is done', async () => {
    const project = new Consumer(dependencies, {
      'main.mjs': `import http from 'node:http'; import * as lib from 'evenkeel'; ${ONE_REQUEST} ${OPTION_ERROR}
        console.log(await oneRequest(lib, http)); console.log(optionError(lib));`,
    });
    expect(await project.node('main.mjs')).toBe('200 a /v1/models\ntrue InvalidOptionError INVALID_OPTION\n');
  });
});

describe('the main entry point', () => {
  const LOADED = `
    const files = Object.keys(createRequire(import.meta.url).cache);
    console.log(files.filter((file) => /undici/.test(file)).length > 0,
      files.filter((file) => /undici.(index|lib.(web|global))/.test(file)).length > 0,
      process.moduleLoadList.includes('NativeModule internal/deps/undici/undici'));`;

  it('loads neither undici nor what Node needs for fetch; with the first balancer comes undici, its Pool alone', async () => {
    const project = new Consumer(dependencies, {
      'main.mjs': `import { createRequire } from 'node:module'; import { LoadBalancer } from 'evenkeel'; ${LOADED}
        const balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:1' }] });
        await balancer.close(); {${LOADED}}`,
    });
    expect(await project.node('main.mjs')).toBe('false false false\ntrue false false\n');
  });
});

describe('a CommonJS project', () => {
  it('requires every entry point, without the packages that are ESM only', async () => {
    const project = new Consumer([...required, ...peers], {
      'main.cjs': `for (const name of ${JSON.stringify(specifiers)})
        console.log(name, Object.keys(require(name)).length > 0);`,
    });
    expect(await project.node('main.cjs')).toBe(specifiers.map((name) => `${name} true\n`).join(''));
  });

  it('sends a request, closes, and is done', async () => {
    const project = new Consumer(required, {
      'main.cjs': `const lib = require('evenkeel'); ${ONE_REQUEST} ${OPTION_ERROR}
        oneRequest(lib, require('node:http')).then((answer) => console.log(answer + '\\n' + optionError(lib)));`,
    });
    expect(await project.node('main.cjs')).toBe('200 a /v1/models\ntrue InvalidOptionError INVALID_OPTION\n');
  });

  it('gets the same function from the main entry point and from the folder', async () => {
    const project = new Consumer(required, {
      'main.cjs': `console.log(require('evenkeel').leastOutstanding ===
        require('evenkeel/policies/least-outstanding').leastOutstanding);`,
    });
    expect(await project.node('main.cjs')).toBe('true\n');
  });
});

it("Jest's CommonJS runtime loads every entry point and sends a request", async () => {
  const project = new Consumer([...required, ...peers], {
    'package.json': JSON.stringify({ jest: { testEnvironment: 'node', transform: {} } }),
    'endpoints.yaml': 'endpoints:\n  - url: http://127.0.0.1:1\n',
    'balancer.test.js': `
      const lib = require('evenkeel'); ${ONE_REQUEST} ${OPTION_ERROR}
      test.each(${JSON.stringify(specifiers)})('%s', (name) => {
        expect(Object.keys(require(name))).not.toEqual([]);
      });
      test('a request', async () => {
        expect(await oneRequest(lib, require('node:http'))).toBe('200 a /v1/models');
      });
      test('a list in YAML', async () => {
        const { file } = require('evenkeel/discovery/file');
        const balancer = new lib.LoadBalancer({ endpoints: file(__dirname + '/endpoints.yaml') });
        await balancer.ready();
        expect(balancer.endpoints).toHaveLength(1);
        await balancer.close();
      });
      test('an option error', () => {
        expect(optionError(lib)).toBe('true InvalidOptionError INVALID_OPTION');
      });`,
  });
  await project.node(require.resolve('jest/bin/jest'), '--ci', '--no-watchman', '--runInBand');
});

describe('a TypeScript project', () => {
  const TSCONFIG = JSON.stringify({
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2023'],
      module: 'Node16',
      types: ['node'],
      strict: true,
      noEmit: true,
      // Ours and our users' type files are checked too, not only the calls.
      skipLibCheck: false,
    },
  });
  const tsc = require.resolve('typescript/bin/tsc');
  const useEach = (names: readonly string[]): string =>
    names.map((name, index) => `import * as m${index} from '${name}'; export { m${index} };`).join('\n');
  const MAIN = `
    import { LoadBalancer, type SelectionPolicy } from 'evenkeel';
    const first: SelectionPolicy = { name: 'first', select: (candidates) => candidates[0] };
    const balancer = new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:8000', weight: 2 }], policy: first });
    export const answer: Promise<Response> = balancer.fetch('/v1/models');
    // @ts-expect-error an option of another name
    new LoadBalancer({ endpoints: [{ host: 'a' }] });
    // @ts-expect-error a misspelt option
    new LoadBalancer({ endpoints: [], polcy: first });
    // @ts-expect-error a misspelt option inside another
    new LoadBalancer({ endpoints: [], timeouts: { firstTokn: 1 } });
  `;

  it('is type-checked as ESM and as CommonJS, type files included, and misspelt options are refused', async () => {
    const names = specifiers.filter((name) => !/\/(fastify|openai|prometheus)$/.test(name));
    const project = new Consumer([...dependencies, '@types/node'], {
      'tsconfig.json': TSCONFIG,
      'esm.mts': MAIN + useEach(names),
      'cjs.cts': MAIN + useEach(names),
    });
    await project.node(tsc, '-p', '.');
  });

  it('is type-checked with the optional peers, whose type files need not be flawless', async () => {
    const project = new Consumer([...dependencies, ...peers, '@types/node'], {
      'tsconfig.json': TSCONFIG.replace('"skipLibCheck":false', '"skipLibCheck":true'),
      'esm.mts': useEach(specifiers),
      'cjs.cts': useEach(specifiers),
    });
    await project.node(tsc, '-p', '.');
  });
});
