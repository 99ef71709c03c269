import { parseArgs } from 'node:util';

export interface DemoArguments {
  readonly users: number;
  /** Length of the whole demo; each of its four runs lasts a quarter. */
  readonly seconds: number;
  /** A file of real arrivals to replay in place of the users' own rhythm. */
  readonly trace: string | undefined;
  /** Servers that run already, in place of the demo's own. */
  readonly endpoints: readonly string[] | undefined;
  /** Goes on serving afterwards. */
  readonly keep: boolean;
}

/** What the person at the keyboard got wrong. */
export class UsageError extends Error {}

export const HELP = `npm run demo -- [options]

100 users stream from three unequal servers through an Express app, one server is killed and comes back.
Needs no options and nothing else running.

  --users N            people who ask at the same time (100)
  --seconds N          length of the whole demo, in four runs of the same load (24)
  --trace FILE         replay real arrivals and sizes, compressed in time: a CSV with the columns
                       TIMESTAMP,ContextTokens,GeneratedTokens, or JSON lines with timestamp,
                       input_length and output_length
  --endpoints URL,URL  drive servers that are already running; none is killed
  --keep               go on serving afterwards, for a look at the live page, until Ctrl-C
  --help               this text

Exit code: 0 when it held (no user saw an error, and the killed server got traffic again), 1 when not,
2 for bad arguments.`;

/** @throws UsageError */
export function readArguments(argv: readonly string[]): DemoArguments | 'help' {
  const values = parse(argv);
  if (values.help === true) return 'help';
  return {
    users: wholeNumber('--users', values.users, 100, 1000),
    seconds: wholeNumber('--seconds', values.seconds, 24, 3600),
    trace: values.trace,
    endpoints: values.endpoints?.split(',').map(endpointUrl),
    keep: values.keep === true,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        users: { type: 'string' },
        seconds: { type: 'string' },
        trace: { type: 'string' },
        endpoints: { type: 'string' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max) {
    throw new UsageError(`${name} must be a whole number from 1 to ${max}; got ${JSON.stringify(text)}`);
  }
  return value;
}

function endpointUrl(text: string): string {
  const url = text.trim();
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--endpoints must be URLs parted by commas; got ${JSON.stringify(text)}`);
  }
  return url;
}
