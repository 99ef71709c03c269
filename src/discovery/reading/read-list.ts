import { resolveEndpoints } from '../../balancer/options/endpoint-options.js';
import type { EndpointConfig } from '../../core/endpoint.js';
import { InvalidOptionError } from '../../errors.js';
import { type Entry, type FieldPath, isObject, ListError } from './list-error.js';
import { isModelList, readModelList } from './model-list.js';

/**
 * Reads a document: a list of endpoints, an object with such a list as `endpoints`, or a LiteLLM model list
 * (`model_list` of its configuration, `data` of its `/model/info`).
 *
 * @param environment where `os.environ/NAME` of a model list is looked up; `undefined`: nowhere
 * @throws ListError naming the field
 */
export function readList(
  document: unknown,
  environment?: Readonly<Record<string, string | undefined>>,
): readonly EndpointConfig[] {
  const fields = isObject(document) ? document : {};
  for (const key of ['model_list', 'data']) {
    const list = fields[key];
    if (isModelList(list)) return checked(readModelList(list, [key], environment));
  }
  const [list, path]: [unknown, FieldPath] = Array.isArray(document)
    ? [document, []]
    : [fields.endpoints, ['endpoints']];
  if (!Array.isArray(list)) {
    throw new ListError([], 'must be a list of endpoints, or an object with such a list as `endpoints`');
  }
  return checked(list.map((config: EndpointConfig, index) => ({ config, path: [...path, index] })));
}

/** @throws ListError for the first entry that a balancer would refuse */
function checked(entries: readonly Entry[]): readonly EndpointConfig[] {
  const configs = entries.map(({ config }) => config);
  try {
    resolveEndpoints(configs);
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    const [, index = '0', rest = ''] = /^endpoints\[(\d+)\](.*)$/s.exec(error.option) ?? [];
    const { path, config } = entries[Number(index)] ?? { path: [], config: undefined };
    throw new ListError([...path, ...stepsOf(rest, config)], error.message.replace(/^Option `.*?` /s, ''), {
      cause: error,
    });
  }
  return configs;
}

/** `.headers.x-a` as steps into `value`, so that the line of the field itself can be found. Keys may have dots. */
function stepsOf(field: string, value: unknown): FieldPath {
  const [, index, behind = ''] = /^\[(\d+)\](.*)$/s.exec(field) ?? [];
  if (index !== undefined && Array.isArray(value))
    return [Number(index), ...stepsOf(behind, value[Number(index)])];
  const name = field.slice(1);
  const key = Object.keys(isObject(value) ? value : {})
    .filter((one) => name === one || name.startsWith(`${one}.`) || name.startsWith(`${one}[`))
    .reduce((longest, one) => (one.length > longest.length ? one : longest), '');
  if (key === '') return name === '' ? [] : [name];
  return [key, ...stepsOf(name.slice(key.length), isObject(value) ? value[key] : undefined)];
}
