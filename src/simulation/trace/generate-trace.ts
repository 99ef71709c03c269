import type { Random } from '../../core/clock.js';
import { numberOption, optionFields } from '../../core/option-checks.js';
import { seededRandom } from '../../core/seeded-random.js';
import { InvalidOptionError } from '../../errors.js';
import { arrivals, type RatePoint, ratesOption } from './rates.js';
import type { Trace, TraceRequest } from './trace.js';
import { quantile, TRACE_SHAPES, type TraceShape, type TraceShapeName } from './trace-shapes.js';

/** Options of `generateTrace`. */
export interface GenerateTraceOptions {
  /** A recorded trace to be like, or a shape of your own. Default `chat`. */
  readonly shape?: TraceShapeName | TraceShape;
  /** How many. Default 10 000; not beside `rates`, from which it follows. */
  readonly requests?: number;
  /** Instead of the shape's rate and bursts: requests a second over time, come at random. */
  readonly rates?: readonly RatePoint[];
  /** Integer, default 1. */
  readonly seed?: number;
}

const BLOCK_TOKENS = 512;
/** Earlier prompts that may still be gone on with: a minute's worth, as reuse is in Mooncake's traces. */
const RECENT = 250;

/**
 * A trace like a recorded one: its percentiles of lengths, its rate and its bursts, and how much prompts share. Not
 * its hours of the day, nor how the length of an answer depends on the prompt's.
 *
 * @throws InvalidOptionError
 */
export function generateTrace(options: GenerateTraceOptions = {}): Trace {
  const fields = optionFields('options', options, ['shape', 'requests', 'rates', 'seed']);
  const shape = shapeOf(options.shape ?? 'chat');
  const count = numberOption('requests', fields.requests, 10_000, { integer: true, min: 1 });
  const seed = numberOption('seed', fields.seed, 1, { integer: true });
  const random = seededRandom(seed);
  const prompts = new Prompts(shape, random);
  const requests: TraceRequest[] = [];
  const times =
    options.rates === undefined ? even(gaps(shape, random), count) : arrivals(ratesOption(fields), random);
  for (const at of times) {
    const prompt = Math.max(1, Math.round(quantile(shape.prompt, random())));
    const output = Math.max(1, Math.round(quantile(shape.output, random())));
    requests.push({ at, prompt, output, blocks: prompts.blocks(prompt) });
  }
  return { requests, blockTokens: BLOCK_TOKENS };
}

function* even(gap: () => number, count: number): Generator<number> {
  for (let index = 0, at = 0; index < count; index++, at += gap()) yield at;
}

/** Milliseconds between requests: of two exponentials, a short and a long one, that give the burstiness asked for. */
function gaps({ rate, burstiness }: TraceShape, random: Random): () => number {
  const square = burstiness ** 2;
  const short = (1 + Math.sqrt((square - 1) / (square + 1))) / 2;
  return () => {
    const share = random() < short ? short : 1 - short;
    return (-1000 * Math.log(1 - random())) / (2 * share * rate);
  };
}

/** Gives prompts their blocks. */
class Prompts {
  readonly #shape: TraceShape;
  readonly #random: Random;
  readonly #common: readonly number[];
  #recent: (readonly number[])[] = [];
  #ids: number;

  constructor(shape: TraceShape, random: Random) {
    this.#shape = shape;
    this.#random = random;
    this.#ids = shape.commonBlocks;
    this.#common = Array.from({ length: shape.commonBlocks }, (_, index) => index);
  }

  blocks(tokens: number): readonly number[] {
    const { reuse, commonBlocks } = this.#shape;
    if (reuse === 0 && commonBlocks === 0) return [];
    const count = Math.floor(tokens / BLOCK_TOKENS);
    const earlier = this.#random() < reuse ? this.#longestWithin(count) : undefined;
    const blocks = (earlier ?? this.#common).slice(0, count);
    while (blocks.length < count) blocks.push(this.#ids++);
    this.#recent.push(blocks);
    if (this.#recent.length > RECENT) this.#recent.shift();
    return blocks;
  }

  /** Goes on from the prompt that leaves least to be said, and takes its place. */
  #longestWithin(count: number): readonly number[] | undefined {
    let best: readonly number[] | undefined;
    for (const blocks of this.#recent)
      if (blocks.length <= count && blocks.length > (best?.length ?? this.#common.length)) best = blocks;
    this.#recent = this.#recent.filter((blocks) => blocks !== best);
    return best;
  }
}

function shapeOf(shape: unknown): TraceShape {
  if (typeof shape === 'object' && shape !== null) return ownShape(shape);
  if (typeof shape === 'string' && Object.hasOwn(TRACE_SHAPES, shape))
    return TRACE_SHAPES[shape as TraceShapeName];
  throw new InvalidOptionError('shape', `must be one of ${Object.keys(TRACE_SHAPES).join(', ')}`, shape);
}

function ownShape(shape: object): TraceShape {
  const fields = optionFields('shape', shape, Object.keys(TRACE_SHAPES.chat));
  const needed = (field: string, rule: Parameters<typeof numberOption>[3]) =>
    numberOption(`shape.${field}`, fields[field] ?? Number.NaN, 0, rule);
  needed('rate', { above: 0 });
  needed('burstiness', { min: 1 });
  needed('reuse', { min: 0, max: 1 });
  needed('commonBlocks', { integer: true, min: 0 });
  for (const field of ['prompt', 'output']) {
    const points = fields[field];
    const last: unknown = Array.isArray(points) ? points.at(-1) : undefined;
    if (!Array.isArray(last) || last[0] !== 1)
      throw new InvalidOptionError(`shape.${field}`, 'must list [share, value] up to share 1', points);
  }
  return shape as TraceShape;
}
