/**
 * All labs and the case, with the tables and pictures of docs/labs.md; takes some two minutes. Or some of them by name,
 * the day also over a trace of your own:
 *
 *     npm run labs
 *     npm run labs -- ramp cold-start
 *     npm run labs -- day TRACE.csv
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type SimulationReport, scalingChart } from 'evenkeel/simulation';
import { BURST, burstTrace, helpers, recovery, runStart, START_NAMES } from './cold-start.js';
import { tellDay } from './day.js';
import { NEWS_FLEETS, newsTrace, runNewsFleet } from './news-summary.js';
import { RAMP_POLICIES, rampTrace, runRamp } from './ramp.js';
import { twoServers } from './two-servers.js';

const IMAGES = new URL('../../docs/images/', import.meta.url);

async function runAll<Name extends string>(
  names: readonly Name[],
  run: (name: Name) => Promise<SimulationReport>,
): Promise<Record<string, SimulationReport>> {
  const reports: Record<string, SimulationReport> = {};
  for (const name of names) reports[name] = await run(name);
  return reports;
}

function table(
  title: string,
  reports: Record<string, SimulationReport>,
  extra: Readonly<Record<string, (report: SimulationReport) => string>>,
): void {
  console.log(`\n## ${title}\n`);
  const head = ['', 'Good', 'Lost', 'First token p95', 'Replica-hours', ...Object.keys(extra)];
  console.log(
    `| ${head.join(' | ')} |\n|${head.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`,
  );
  for (const [name, report] of Object.entries(reports)) {
    const { goodput, autoscaling, firstToken } = report;
    const cells = [
      name,
      `${(100 * goodput.share).toFixed(2)} %`,
      String(autoscaling?.unserved),
      `${(firstToken.p95 / 1000).toFixed(2)} s`,
      autoscaling?.replicaHours.toFixed(2) ?? '',
      ...Object.values(extra).map((cell) => cell(report)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function chart(file: string, title: string, reports: Record<string, SimulationReport>): Promise<void> {
  return writeFile(new URL(file, IMAGES), scalingChart(title, reports));
}

async function showTwoServers(): Promise<void> {
  console.log('\n## Two servers\n');
  for (const [name, result] of Object.entries(await twoServers())) {
    const told =
      result && `${result.answered} answered, ${(100 * result.fastShare).toFixed(0)} % by the fast one`;
    console.log(`${name}: ${told ?? 'not installed, left out'}`);
  }
}

async function showRamp(): Promise<void> {
  const ramp = await runAll(RAMP_POLICIES, (name) => runRamp(name, rampTrace()));
  const minutes = (at: number | undefined) => (at === undefined ? '–' : `${(at / 60_000).toFixed(2)}`);
  table('Ramp', ramp, {
    'First growth, minute': ({ autoscaling }) => minutes(autoscaling?.changes[0]?.at),
    'Ten ready, minute': ({ autoscaling }) =>
      minutes(autoscaling?.samples.find(({ ready }) => ready === 10)?.at),
    'Direction changes': ({ autoscaling }) => String(autoscaling?.directionChanges),
  });
  await chart('lab-ramp.svg', '10 → 50 → 100 → 10 requests a second', ramp);
}

async function showColdStart(): Promise<void> {
  const starts = await runAll(START_NAMES, (name) => runStart(name, burstTrace()));
  table('Cold start', starts, {
    'Help after': (report) => `${((helpers(report).from - BURST.from) / 1000).toFixed(1)} s`,
    'Late for': (report) => `${(recovery(report) / 1000).toFixed(0)} s`,
  });
  await chart('lab-cold-start.svg', 'A burst of three times capacity for five minutes', starts);
}

async function showNews(): Promise<void> {
  const news = newsTrace();
  const day = await runAll(NEWS_FLEETS, (name) => runNewsFleet(name, news));
  const fixed = day['four servers']?.autoscaling?.replicaHours ?? Number.NaN;
  table('News summaries', day, {
    Saved: ({ autoscaling }) => `${(100 * (1 - (autoscaling?.replicaHours ?? 0) / fixed)).toFixed(0)} %`,
  });
  const morning = newsTrace(6.5, 9.5);
  await chart(
    'lab-news-summary.svg',
    'From 6:30 to 9:30 in Karachi',
    await runAll(NEWS_FLEETS, (name) => runNewsFleet(name, morning, 6.5)),
  );
}

async function showDay(file: string | undefined): Promise<void> {
  console.log(`\n## A day\n\n${await tellDay(file)}`);
}

const LABS: Readonly<Record<string, (file: string | undefined) => Promise<void>>> = {
  'two-servers': showTwoServers,
  ramp: showRamp,
  'cold-start': showColdStart,
  'news-summary': showNews,
  day: showDay,
};

await mkdir(fileURLToPath(IMAGES), { recursive: true });
const words = process.argv.slice(2);
const file = words.find((word) => LABS[word] === undefined);
const names = words.filter((word) => LABS[word] !== undefined);
if (file !== undefined && !names.includes('day'))
  throw new Error(`There is no lab ${file}; there are ${Object.keys(LABS).join(', ')}`);
for (const name of names.length > 0 ? names : Object.keys(LABS)) await LABS[name]?.(file);
