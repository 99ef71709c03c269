import type { RunResult } from './run.js';
import { inTime, textTable } from './text-table.js';

/** The whole outcome for people. */
export function summary(main: RunResult, others: readonly RunResult[]): string {
  const { users, balancer, killed } = main;
  const counts = [
    ['requests', users.answered + users.errors, 'questions the users asked'],
    ['errors', users.errors, 'users who did not get their whole text'],
    ['retries', balancer.retries, 'by the balancer, before the first token: the user saw nothing of it'],
    ['broken streams, asked again', users.brokenStreams, brokenStreamsNote(main)],
  ] as const;
  const lines = [
    `\n== Summary: ${main.title}`,
    '',
    ...counts.map(([name, count, note]) => `${name.padEnd(28)}${String(count).padStart(6)}   ${note}`),
    '',
    ...textTable(['endpoint', 'served', 'share'], shares(main)),
    '',
    killed === undefined
      ? 'The same load:'
      : `The same load, ${killed.id} killed for as long, the outage included:`,
    '',
    ...textTable(
      ['', 'answered', 'errors', 'broken', 'answers/s', 'first token p50', 'p95'],
      [main, ...others].map(comparison),
    ),
    '',
    verdict(main),
  ];
  for (const result of [main, ...others]) {
    for (const [reason, count] of result.users.errorReasons)
      lines.push(`  ${count} x in "${result.title}": ${reason}`);
  }
  return `${lines.join('\n')}\n`;
}

/** No user saw an error, and the killed server works again. */
export function held({ users, killed }: RunResult): boolean {
  return users.answered > 0 && users.errors === 0 && (killed === undefined || killed.servedAfterReturn > 0);
}

function brokenStreamsNote({ killed }: RunResult): string {
  if (killed === undefined)
    return 'by the application; part of the text had been read, so the balancer did not';
  return `were being read from ${killed.id} when it was killed. Part of the text had been passed on, so the
                                      balancer reports the break and does not retry; the application asked again`;
}

function shares({ balancer }: RunResult): string[][] {
  const entries = [...balancer.endpoints].map(([id, { served }]) => ({ id, served }));
  const total = entries.reduce((sum, { served }) => sum + served, 0);
  return entries.map(({ id, served }) => [
    id,
    String(served),
    `${((100 * served) / Math.max(1, total)).toFixed(1)} %`,
  ]);
}

function comparison({ title, users, duration }: RunResult): string[] {
  return [
    title,
    String(users.answered),
    String(users.errors),
    String(users.brokenStreams),
    (users.answered / duration).toFixed(1),
    inTime(users.firstToken(0.5)),
    inTime(users.firstToken(0.95)),
  ];
}

function verdict(main: RunResult): string {
  const { users, killed } = main;
  const back = killed && `${killed.id} served ${killed.servedAfterReturn} requests after its return`;
  if (held(main)) return `It held: no user saw an error${back === undefined ? '' : `, and ${back}`}.`;
  return `It did NOT hold: ${users.errors} errors${back === undefined ? '' : `; ${back}`}.`;
}
