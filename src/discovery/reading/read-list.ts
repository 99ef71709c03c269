import { resolveEndpoints } from '../../balancer/endpoint-options.js';
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
    const path = entries[Number(index)]?.path ?? [];
    const field = rest === '' ? [] : [rest.slice(1)];
    throw new ListError([...path, ...field], error.message.replace(/^Option `.*?` /s, ''), { cause: error });
  }
  return configs;
}
