import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { takeTurns } from '../harness/comparison.js';
import { buildPackage } from '../harness/package-build.js';
import type { Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const run = promisify(execFile);
const OURS = "import 'evenkeel'";
const POST = "{ method: 'POST', body: '{}' }";

/** A program that is timed: what it imports, and how it then gets one answer of `url`. */
interface Program {
  readonly imports: string;
  readonly asks: string;
}

/** What the package adds to the start of an application. */
export const importSection: Section = {
  name: 'import',
  async run(bench) {
    const main = pathToFileURL(await buildPackage(bench.folder)).href;
    using server = await jsonServer(bench);
    const [url = ''] = server.ready.urls;
    const programs: Readonly<Record<string, Program>> = {
      'Node alone': { imports: '', asks: `await (await fetch('${url}', ${POST})).text()` },
      "import 'undici'": {
        imports: "const { request } = await import('undici')",
        asks: `await (await request('${url}', ${POST})).body.text()`,
      },
      [OURS]: {
        imports: `const { LoadBalancer } = await import('${main}')`,
        asks: `const balancer = new LoadBalancer({ endpoints: [{ url: '${url}' }] });
          await (await balancer.fetch('/', ${POST})).text()`,
      },
    };
    return {
      title: 'Import',
      note: 'A new process each time. The second column has what comes later too: undici and what Node needs for a Response are loaded with the first balancer and the first answer, by `fetch`, undici or evenkeel. CPU time is that of all threads.',
      columns: [
        { figure: 'time', title: 'import ms', digits: 1 },
        { figure: 'answered', title: 'ms until the first answer', digits: 1 },
        { figure: 'cpu', title: 'CPU ms until then', digits: 1 },
        { figure: 'whole', title: 'ms of the whole process', digits: 1 },
      ],
      rounds: await takeTurns(
        Object.keys(programs),
        { rounds: 2 * bench.options.rounds + 1, warmUp: 1 },
        async (way) => timed(programs[way] ?? { imports: '', asks: '' }, bench.folder),
      ),
      checks: [{ way: OURS, figure: 'time', atMost: 60 }],
    };
  },
};

async function timed({ imports, asks }: Program, cwd: string) {
  const program = `
    const cpu = process.cpuUsage();
    const began = performance.now();
    ${imports};
    const time = performance.now() - began;
    ${asks};
    const answered = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    process.stdout.write(JSON.stringify({ time, answered, cpu: (user + system) / 1000 }), () => process.exit());`;
  const began = performance.now();
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd });
  return {
    ...(JSON.parse(stdout) as { time: number; answered: number; cpu: number }),
    whole: performance.now() - began,
  };
}
