import { cpuRatio, type Goal, medianCpu, medianRate, type Rounds, ratio } from './comparison.js';

/** One comparison of the benchmark. */
export interface Section {
  readonly title: string;
  readonly ways: readonly string[];
  readonly rounds: Rounds;
  readonly goals: readonly Goal[];
  /** What could not be measured, and why. */
  readonly skipped: readonly string[];
}

/** The section in Markdown. */
export function markdown({ title, ways, rounds, goals, skipped }: Section): string {
  return [
    `### ${title}`,
    '',
    '| | requests/s | CPU µs a request |',
    '|---|---|---|',
    ...ways.map(
      (way) => `| ${way} | ${medianRate(rounds, way).toFixed(0)} | ${medianCpu(rounds, way).toFixed(1)} |`,
    ),
    '',
    '| ratio | of requests/s | goal | | of CPU time |',
    '|---|---|---|---|---|',
    ...goals.map((goal) => {
      const measured = ratio(rounds, goal.way, goal.against);
      const met = measured >= goal.atLeast ? 'met' : 'missed';
      const cpu = cpuRatio(rounds, goal.way, goal.against).toFixed(2);
      return `| ${goal.way} to ${goal.against} | ${measured.toFixed(2)} | ${goal.atLeast} | ${met} | ${cpu} |`;
    }),
    ...skipped.map((note) => `\nNot measured: ${note}`),
    '',
  ].join('\n');
}

/** The section as data. */
export function figures({ title, ways, rounds, goals, skipped }: Section) {
  return {
    title,
    ways: ways.map((way) => ({
      way,
      requestsPerSecond: medianRate(rounds, way),
      cpuMicroseconds: medianCpu(rounds, way),
    })),
    ratios: goals.map((goal) => ({
      ...goal,
      median: ratio(rounds, goal.way, goal.against),
      cpu: cpuRatio(rounds, goal.way, goal.against),
    })),
    skipped,
    rounds,
  };
}
