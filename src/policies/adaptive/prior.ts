import type { EndpointView } from '../../core/endpoint.js';
import type { EndpointMemory } from './endpoint-memory.js';

/** Prompt tokens a ms before anything is known. */
export const FIRST_GUESS = 4;
/** How many times slower than the mean an unknown endpoint is taken for, where another is known: many clients start at once. */
const CAUTION = 1.5;
/** And by how much slower with each request of ours that is there: one is a trial, ten are a stake. */
const STAKE = 0.5;

/** What is taken for granted of endpoints of which nothing is known. */
export interface Prior {
  /** Prompt tokens a ms. */
  rateOf(endpoint: EndpointView): number;
  /** What a slower stream after the first token counts, in ms: as much as at any of the known. */
  readonly decode: number;
}

/**
 * The geometric mean of the first guess and of what is known of others, by weight. So an unknown endpoint is worth a
 * trial for whoever knows but slow ones, and is not for whoever has found a fast one: known 27 tokens a ms make it
 * sqrt(4 x 27) / 1.5 = 6.9, known 0.8 make it 1.2.
 */
export function priorOf(endpoints: readonly (readonly [weight: number, memory: EndpointMemory])[]): Prior {
  let logs = Math.log(FIRST_GUESS);
  let known = 0;
  let decode = 0;
  for (const [weight, memory] of endpoints) {
    if (memory.rate.value === undefined || !(weight > 0)) continue;
    logs += Math.log(memory.rate.value / weight);
    known++;
    decode = Math.max(decode, memory.decode);
  }
  const mean = Math.exp(logs / (known + 1)) / (known > 0 ? CAUTION : 1);
  return {
    rateOf: ({ weight, outstanding }) => (mean * weight) / (1 + STAKE * outstanding),
    decode,
  };
}
