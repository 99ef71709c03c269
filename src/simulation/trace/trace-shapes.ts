/** What a kind of traffic looks like, as percentiles of a recorded trace. */
export interface TraceShape {
  /** Mean requests a second. */
  readonly rate: number;
  /** Standard deviation of the times between requests over their mean; 1 is Poisson. At least 1. */
  readonly burstiness: number;
  /** Prompt tokens: pairs of share and value, ascending, from share 0 to share 1. */
  readonly prompt: readonly (readonly [number, number])[];
  /** Tokens of answers, likewise. */
  readonly output: readonly (readonly [number, number])[];
  /** Chance that a request goes on with an earlier prompt, where there is one that is not too long. */
  readonly reuse: number;
  /** Blocks that open every prompt: a system prompt that everybody shares. */
  readonly commonBlocks: number;
}

/**
 * Percentiles 25, 50, 75, 90, 95, 99 and the largest of Azure's LLM inference traces of 2023 (chat: conversations,
 * code: completions; CC-BY, Patel et al., Splitwise, ISCA 2024) and of Mooncake's of FAST '25 (Apache-2.0):
 * `shared-prefix` is the synthetic one, in `conversation` every prompt opens with the same block.
 */
export const TRACE_SHAPES = {
  chat: {
    rate: 5.53,
    burstiness: 1.09,
    prompt: points(3, [396, 1020, 1189, 2734, 4083, 4142, 14050]),
    output: points(7, [85, 129, 395, 424, 451, 601, 1000]),
    reuse: 0,
    commonBlocks: 0,
  },
  code: {
    rate: 2.567,
    burstiness: 13.15,
    prompt: points(3, [578, 1469, 2744, 5187, 7303, 7436, 7437]),
    output: points(6, [9, 13, 24, 55, 90, 251, 1899]),
    reuse: 0,
    commonBlocks: 0,
  },
  'shared-prefix': {
    rate: 3.91,
    burstiness: 1.01,
    prompt: points(30, [277, 11587, 23175, 38611, 48904, 66456, 191378]),
    output: points(3, [11, 69, 250, 389, 519, 768, 893]),
    reuse: 0.62,
    commonBlocks: 0,
  },
  conversation: {
    rate: 3.4,
    burstiness: 1,
    prompt: points(890, [2306, 6909, 15367, 27367, 39550, 85400, 126195]),
    output: points(1, [156, 350, 472, 597, 698, 1118, 2000]),
    reuse: 0.39,
    commonBlocks: 1,
  },
} as const satisfies Record<string, TraceShape>;

/** A kind of traffic that `generateTrace` knows. */
export type TraceShapeName = keyof typeof TRACE_SHAPES;

function points(least: number, values: readonly number[]): readonly (readonly [number, number])[] {
  const shares = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];
  return [[0, least], ...shares.map((share, index) => [share, values[index] ?? least] as const)];
}

/** The value below which a share of the values lies; straight lines between the points. */
export function quantile(shape: readonly (readonly [number, number])[], share: number): number {
  for (let index = 1; index < shape.length; index++) {
    const [to, high] = shape[index] ?? [1, 0];
    if (share > to) continue;
    const [from, low] = shape[index - 1] ?? [0, 0];
    return low + ((high - low) * (share - from)) / (to - from);
  }
  return shape.at(-1)?.[1] ?? Number.NaN;
}
