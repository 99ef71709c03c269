/** LiteLLM, `simple-shuffle`, its default: at random, in proportion to the weights. */
import { type SelectionPolicy, weightedRandom } from 'evenkeel';

export function litellmSimpleShuffle(): SelectionPolicy {
  return { ...weightedRandom(), name: 'LiteLLM simple-shuffle' };
}
