import { isEvenkeelError } from '../errors.js';
import type { CommandStreams } from './command-streams.js';
import { simulateCommand } from './simulate-command.js';
import { topCommand } from './top-command.js';
import { USAGE } from './usage.js';
import { UsageError } from './usage-error.js';

/**
 * Runs the command line `evenkeel …`.
 *
 * @param words without `node` and the script
 * @returns the exit code: 0, 1 for what could not be done, 2 for what was asked wrongly
 */
export async function runCommand(words: readonly string[], streams: CommandStreams): Promise<number> {
  const [command, ...rest] = words;
  try {
    if (command === '--help' || command === '-h' || command === 'help') {
      streams.stdout.write(USAGE);
      return 0;
    }
    const run = command === 'simulate' ? simulateCommand : command === 'top' ? topCommand : undefined;
    if (run === undefined)
      throw new UsageError(command === undefined ? 'no command given' : `unknown command "${command}"`);
    await run(rest, streams);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const misused = error instanceof UsageError || isParseArgsError(error);
    streams.stderr.write(`evenkeel: ${message}\n${misused ? 'See evenkeel --help.\n' : ''}`);
    return misused || isEvenkeelError(error) ? 2 : 1;
  }
}

function isParseArgsError(error: unknown): boolean {
  return error instanceof TypeError && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_ARGS');
}
