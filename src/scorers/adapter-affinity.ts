/**
 * Prefers endpoints that have the requested adapter (LoRA) at work, so that none is loaded and unloaded in turn.
 *
 * Rating 1 where it runs; 0.8 where another one fits in (running + waiting < most at once); 0.6 where requests wait
 * for it already; else 0. The figures are those of the Gateway API Inference Extension.
 *
 * Needs vLLM with LoRA and `metrics: { parser: vllm() }` on every endpoint; while one does not tell its adapters the
 * scorer counts for none. The model of a request is the adapter's name. List the base models, which need none.
 */
import type { EndpointView } from '../core/endpoint.js';
import { optionFields } from '../core/option-checks.js';
import type { Scorer } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';

/** Options of `adapterAffinity`. */
export interface AdapterAffinityOptions {
  /** Models that are no adapters, as requests name them: all endpoints are rated alike. Default: none. */
  readonly base?: readonly string[];
}

/**
 * Prefers endpoints that have the requested adapter (LoRA) at work.
 *
 * @throws InvalidOptionError
 */
export function adapterAffinity(options?: AdapterAffinityOptions): Scorer {
  const { base = [] } = optionFields('adapterAffinity', options, ['base']);
  if (!Array.isArray(base) || !base.every((model) => typeof model === 'string'))
    throw new InvalidOptionError('adapterAffinity.base', 'must be a list of model names', base);
  return {
    name: 'adapter-affinity',
    score(candidates, { model }) {
      if (model === undefined || base.includes(model)) return candidates.map(() => undefined);
      return candidates.map((endpoint) => rate(endpoint, endpoint.servedModel(model) ?? model));
    },
  };
}

function rate({ load }: EndpointView, adapter: string): number | undefined {
  if (load?.adapters === undefined) return undefined;
  const { adapters, waitingAdapters = [], maxAdapters = Number.POSITIVE_INFINITY } = load;
  if (adapters.includes(adapter)) return 1;
  if (adapters.length + waitingAdapters.length < maxAdapters) return 0.8;
  return waitingAdapters.includes(adapter) ? 0.6 : 0;
}
