import { entryPoints } from '../../../tsup.config.js';
import type { Project } from '../project.js';

/** Versions by the name under which they are installed. */
export const COMPILERS: Readonly<Record<string, string>> = {
  'typescript-5.4': '~5.4.0',
  'typescript-5.6': '~5.6.0',
  'typescript-5.9': '~5.9.0',
  'typescript-latest': 'latest',
};

const USE_EACH = Object.keys(entryPoints())
  .map((name) => (name === 'index' ? 'evenkeel' : `evenkeel/${name}`))
  .map((specifier, index) => `import * as m${index} from '${specifier}'; export { m${index} };`)
  .join('\n');

const MAIN = `
import { LoadBalancer, leastOutstanding, type SelectionPolicy } from 'evenkeel';
const first: SelectionPolicy = { name: 'first', select: (candidates) => candidates[0] };
export const balancer = new LoadBalancer({
  endpoints: [{ url: 'http://127.0.0.1:8000', weight: 2, models: { asked: 'served' } }],
  policy: Math.random() < 0.5 ? first : leastOutstanding(),
  timeouts: { firstToken: 1000 },
});
export const answer: Promise<Response> = balancer.fetch('/v1/models');
balancer.observe({ retry: ({ delay }) => delay.toFixed(), 'request-finished': ({ status }) => status + 1 });
// @ts-expect-error a misspelt event
balancer.observe({ 'request-finised': () => {} });
// @ts-expect-error a field that the event does not have
balancer.observe({ retry: ({ endpoint }) => endpoint });
// @ts-expect-error a misspelt option
new LoadBalancer({ endpoints: [], polcy: first });
// @ts-expect-error a misspelt option of an endpoint
new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:8000', wieght: 2 }] });
// @ts-expect-error a misspelt option inside another
new LoadBalancer({ endpoints: [], timeouts: { firstTokn: 1 } });
${USE_EACH}
`;

/** Type files are checked too; complaints about those of other packages are theirs. */
const OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023'],
  types: ['node'],
  strict: true,
  noEmit: true,
  skipLibCheck: false,
};
/** Modules of both kinds in one program would declare Fastify's `balancer` twice, hence apart. */
const KINDS = {
  'ESM by nodenext': { module: 'NodeNext', moduleResolution: 'nodenext', file: 'main.mts' },
  'CommonJS by nodenext': { module: 'NodeNext', moduleResolution: 'nodenext', file: 'main.cts' },
  'by bundler': { module: 'ESNext', moduleResolution: 'bundler', file: 'main.ts' },
};

/** Each compiler, with Node's way to find modules and with bundlers'. */
export const typescriptProjects: readonly Project[] = Object.keys(COMPILERS).flatMap((compiler) =>
  Object.entries(KINDS).map(([kind, { file, ...modules }]): Project => {
    const compilerOptions = { ...OPTIONS, ...modules };
    return {
      name: `${compiler}, ${kind}`,
      installed: 'all',
      files: { 'tsconfig.json': JSON.stringify({ compilerOptions, files: [file] }), [file]: MAIN },
      async run(place) {
        const version = await place.node(place.bin(`${compiler}/bin/tsc`), '--version');
        const { output } = await place.end([
          place.bin(`${compiler}/bin/tsc`),
          '-p',
          '.',
          '--pretty',
          'false',
        ]);
        const lines = output.split('\n').filter((line) => /error TS\d/.test(line));
        const foreign = (line: string) =>
          /^[^(]*node_modules\//.test(line) && !/^[^(]*node_modules\/evenkeel\//.test(line);
        const ours = lines.filter((line) => !foreign(line));
        if (ours.length > 0) throw new Error(ours.join('\n'));
        const theirs = lines.length === 0 ? '' : `, ${lines.length} complaints about other packages`;
        return `${version.replace('Version ', '')}${theirs}`;
      },
    };
  }),
);
