/**
 * The main job at work: users stream from three unequal servers through an Express app with a balancer,
 * the fastest server is killed and comes back, and nobody sees an error. `npm run demo -- --help`
 */
import { leastOutstanding, roundRobin } from 'evenkeel';
import { type DemoArguments, HELP, readArguments, UsageError } from './arguments.js';
import { FLEET_CAPACITY, type Pace, running, startFleet } from './fleet.js';
import { keepServing } from './keep.js';
import { type Load, replay, users } from './load.js';
import { type RunResult, run, type Scenario, warmUp } from './run.js';
import { held, summary } from './summary.js';
import { type Arrival, compress, readTrace } from './trace.js';

const PACE: Pace = { prefillRate: 40_000, prefillChunk: 800 };
/** Runs of the same load: the balancer's defaults, and three to compare it with. */
const RUNS = 4;
/** Share of the fleet's time that the prompts of a trace take. */
const TRACE_UTILIZATION = 0.1;
/** Share of a run in which the requests of a trace arrive; the rest is for answering the last of them. */
const TRACE_SPAN = 0.7;

interface Plan {
  readonly load: Load;
  readonly pace: Pace;
  readonly description: string;
}

async function main(argv: readonly string[]): Promise<number> {
  const given = readArguments(argv);
  if (given === 'help') {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const length = (given.seconds * 1000) / RUNS;
  const plan =
    given.trace === undefined
      ? usersPlan(given, length)
      : tracePlan(await readTrace(given.trace), given.trace, length);
  const servers = given.endpoints === undefined ? await startFleet(plan.pace) : running(given.endpoints);
  try {
    const model = await servedModel(servers[0]?.url ?? '');
    const runWith = (scenario: Pick<Scenario, 'title' | 'servers' | 'policy'>): Promise<RunResult> =>
      run({ ...scenario, model, length, load: plan.load });
    const names = servers.map(({ id, weight }) => `${id} (weight ${weight})`).join(', ');
    process.stdout.write(`${plan.description}\n${names}\n`);
    // Not over servers of the user's: their tokens may cost something.
    if (given.endpoints === undefined) await warmUp(servers, model);
    const balanced = await runWith({ title: 'least outstanding', servers, policy: leastOutstanding() });
    const others = [
      await runWith({ title: 'round robin by weight', servers, policy: roundRobin() }),
      await runWith({
        title: 'round robin, equal turns',
        servers: servers.map((server) => ({ ...server, weight: 1 })),
        policy: roundRobin(),
      }),
      await runWith({
        title: `${servers[0]?.id} alone`,
        servers: servers.slice(0, 1),
        policy: leastOutstanding(),
      }),
    ];
    process.stdout.write(summary(balanced, others));
    if (given.keep) await keepServing(servers, model, given.users);
    return held(balanced) ? 0 : 1;
  } finally {
    await Promise.all(servers.map(({ mock }) => mock?.kill()));
  }
}

function usersPlan({ users: count }: DemoArguments, length: number): Plan {
  return {
    load: users(count, length / 8),
    pace: PACE,
    description: `${count} users, OpenAI client -> Express app -> balancer -> servers`,
  };
}

function tracePlan(trace: readonly Arrival[], path: string, length: number): Plan {
  const { arrivals, factor } = compress(trace, length * TRACE_SPAN);
  const promptTokens = arrivals.reduce((sum, arrival) => sum + arrival.promptTokens, 0);
  const prefillRate = promptTokens / (length / 1000) / FLEET_CAPACITY / TRACE_UTILIZATION;
  return {
    load: replay(arrivals),
    pace: { prefillRate, prefillChunk: Math.ceil(prefillRate / 50) },
    description: `${arrivals.length} requests of ${path}, ${factor.toFixed(1)} times as fast, OpenAI client -> Express app -> balancer -> servers`,
  };
}

/** The first model a server names. */
async function servedModel(url: string): Promise<string> {
  const answer = await fetch(`${url.replace(/\/v1\/?$/, '')}/v1/models`).catch((error: unknown) => {
    throw new UsageError(`${url} does not answer /v1/models`, { cause: error });
  });
  const list: { data?: readonly { id: string }[] } = answer.ok ? JSON.parse(await answer.text()) : {};
  const id = list.data?.[0]?.id;
  if (id === undefined) throw new UsageError(`${url} names no model at /v1/models (status ${answer.status})`);
  return id;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nTry: npm run demo -- --help\n`);
  process.exitCode = 2;
}
