import { numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';

/** How endpoints without `models` are asked which they serve. Times in ms. */
export interface DiscoverModelsOptions {
  /** Where `GET` lists them, as a client would ask: the endpoint's base path is added. Default `/v1/models`. */
  readonly path: string;
  /** Time between two looks at one endpoint; each is random in [0.8, 1) of it. Default 60 000. */
  readonly interval: number;
  /** How long an answer may take. Default 5 000. */
  readonly timeout: number;
}

const KEYS: readonly (keyof DiscoverModelsOptions)[] = ['path', 'interval', 'timeout'];

/** @returns `undefined` when it is off */
export function resolveDiscoverModels(
  options: Partial<DiscoverModelsOptions> | boolean | undefined,
): DiscoverModelsOptions | undefined {
  if (options === undefined || options === false) return undefined;
  const given = options === true ? {} : optionFields('discoverModels', options, KEYS);
  const path = given.path ?? '/v1/models';
  if (typeof path !== 'string' || !/^\/[\x21\x22\x24-\x7e]*$/.test(path))
    throw new InvalidOptionError('discoverModels.path', 'must be a path that begins with /', path);
  return {
    path,
    interval: numberOption('discoverModels.interval', given.interval, 60_000, { above: 0 }),
    timeout: numberOption('discoverModels.timeout', given.timeout, 5_000, { above: 0 }),
  };
}
