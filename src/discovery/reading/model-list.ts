import type { EndpointConfig } from '../../core/endpoint.js';
import { type Entry, type FieldPath, isObject, ListError } from './list-error.js';

/** LiteLLM's prefixes for servers that speak OpenAI's API; the part after it is the name on the server. */
const OPENAI_LIKE = new Set([
  'openai',
  'hosted_vllm',
  'custom_openai',
  'openai_like',
  'litellm_proxy',
  'lm_studio',
  'llamafile',
  'vllm',
]);

interface ModelEntry {
  readonly model_name: string;
  readonly litellm_params: Readonly<Record<string, unknown>>;
}

export function isModelList(list: unknown): list is readonly unknown[] {
  return Array.isArray(list) && list.some((entry) => isObject(entry) && 'litellm_params' in entry);
}

/**
 * Turns a LiteLLM model list, which has an entry for each model, into endpoints, one for each `api_base` with its
 * models. Of `litellm_params` are read: `model`, `api_base`, `api_key`, `weight`, `order` (1 is tier 0) and
 * `max_parallel_requests`. Entries without `api_base`, and of providers that do not speak OpenAI's API, are left out.
 *
 * @throws ListError naming the field
 */
export function readModelList(
  list: readonly unknown[],
  path: FieldPath,
  environment: Readonly<Record<string, string | undefined>> | undefined,
): readonly Entry[] {
  const byPlace = new Map<
    string,
    { models: Record<string, string>; config: EndpointConfig; path: FieldPath }
  >();
  for (const [index, entry] of list.entries()) {
    const at = [...path, index];
    if (!isModelEntry(entry)) throw new ListError(at, 'must have model_name and litellm_params');
    const { api_base: url, api_key: key, model, weight, order, max_parallel_requests } = entry.litellm_params;
    if (typeof model !== 'string')
      throw new ListError([...at, 'litellm_params', 'model'], 'must be a string');
    const served = servedName(model);
    if (typeof url !== 'string' || served === undefined) continue;
    const authorization = readKey(key, [...at, 'litellm_params', 'api_key'], environment);
    const place = JSON.stringify([url, authorization]);
    const known = byPlace.get(place);
    if (known !== undefined) {
      known.models[entry.model_name] ??= served;
      continue;
    }
    const models = { [entry.model_name]: served };
    byPlace.set(place, {
      models,
      path: at,
      config: {
        url,
        models,
        ...(authorization === undefined ? {} : { headers: { authorization } }),
        ...(typeof weight === 'number' ? { weight } : {}),
        ...(typeof order === 'number' ? { tier: Math.max(0, order - 1) } : {}),
        ...(typeof max_parallel_requests === 'number' ? { maxOutstanding: max_parallel_requests } : {}),
      },
    });
  }
  return named([...byPlace.values()]);
}

/** The same server under two keys has two ids. */
function named(entries: readonly Entry[]): readonly Entry[] {
  const seen = new Map<string, number>();
  return entries.map(({ config, path }) => {
    const count = (seen.get(config.url) ?? 0) + 1;
    seen.set(config.url, count);
    return { config: count === 1 ? config : { ...config, id: `${config.url}#${count}` }, path };
  });
}

function isModelEntry(entry: unknown): entry is ModelEntry {
  return isObject(entry) && typeof entry.model_name === 'string' && isObject(entry.litellm_params);
}

function servedName(model: string): string | undefined {
  const slash = model.indexOf('/');
  return slash !== -1 && OPENAI_LIKE.has(model.slice(0, slash)) ? model.slice(slash + 1) : undefined;
}

function readKey(
  key: unknown,
  path: FieldPath,
  environment: Readonly<Record<string, string | undefined>> | undefined,
): string | undefined {
  if (typeof key !== 'string' || key === '') return undefined;
  const [, name] = /^os\.environ\/(.+)$/.exec(key) ?? [];
  if (name === undefined) return `Bearer ${key}`;
  // A list from the network must not choose which of our secrets goes where.
  if (environment === undefined) throw new ListError(path, 'must not name a variable of this process');
  const value = environment[name];
  if (value === undefined) throw new ListError(path, `names a variable that is not set: ${name}`);
  return `Bearer ${value}`;
}
