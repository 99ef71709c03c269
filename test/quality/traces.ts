import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateTrace, readTrace, type Trace, type TraceShapeName } from 'evenkeel/simulation';

/** A source of traffic: another stretch of it for each seed. */
export interface Traffic {
  /** For people: where it comes from. */
  readonly name: string;
  trace(seed: number): Trace;
}

/** Each stretch is made once. */
function traffic(name: string, make: (seed: number) => Trace): Traffic {
  const made = new Map<number, Trace>();
  return {
    name,
    trace(seed) {
      const trace = made.get(seed) ?? make(seed);
      made.set(seed, trace);
      return trace;
    },
  };
}

export function generated(shape: TraceShapeName, requests: number): Traffic {
  return traffic(`generated, like ${shape}`, (seed) => generateTrace({ shape, requests, seed }));
}

/** Stretches of a recorded trace, or a generated one like it where the file is not there. */
export function recorded(
  folder: string,
  file: string,
  { shape, requests }: { readonly shape: TraceShapeName; readonly requests: number },
): Traffic {
  const path = join(folder, file);
  if (!existsSync(path)) return generated(shape, requests);
  const whole = readTrace(readFileSync(path, 'utf8'));
  const spare = Math.max(0, whole.requests.length - requests);
  return traffic(`recorded, ${file}`, (seed) => {
    const from = Math.floor((spare * ((seed - 1) % 5)) / 4);
    const stretch = whole.requests.slice(from, from + requests);
    const start = stretch[0]?.at ?? 0;
    return { ...whole, requests: stretch.map((request) => ({ ...request, at: request.at - start })) };
  });
}
