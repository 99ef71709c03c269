import { spawnSync } from 'node:child_process';

/** Who hears of an alert, by its severity. */
const RECEIVERS = { critical: 'pager', warning: 'chat', info: 'nobody' } as const;

/**
 * Has Alertmanager's own tool read the example, and asks it where each severity goes.
 *
 * @returns what was found, in a line
 * @throws when it is wrong; under CI also when there is no such tool
 */
export function checkAlertmanager(file: string): string {
  const { error } = spawnSync('amtool', ['--version']);
  if (error !== undefined) {
    if (process.env.CI !== undefined) throw new Error(`amtool cannot be run: ${error.message}`);
    return `amtool check-config ${file}: not checked (Debian: apt-get install prometheus-alertmanager)`;
  }
  amtool(['check-config', file]);
  for (const [severity, receiver] of Object.entries(RECEIVERS)) {
    const found = amtool([
      'config',
      'routes',
      'test',
      `--config.file=${file}`,
      `severity=${severity}`,
    ]).trim();
    if (found !== receiver) throw new Error(`${severity} alerts go to ${found}, not to ${receiver}`);
  }
  return `amtool check-config ${file}: clean, and each severity goes where it should`;
}

function amtool(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('amtool', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`amtool ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}
