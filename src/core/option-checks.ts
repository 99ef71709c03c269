import { InvalidOptionError } from '../errors.js';

/** Bounds of a number option. */
export interface NumberRule {
  readonly integer?: boolean;
  /** Least value allowed. */
  readonly min?: number;
  /** The value must be greater than this. */
  readonly above?: number;
  /** Greatest value allowed. */
  readonly max?: number;
  /** Whether `Infinity` may be given, as for a time limit that can be switched off. */
  readonly infinite?: boolean;
}

/**
 * The fields of an option that is an object; none when it was left out. Their values are still to be checked,
 * whatever `Fields` says of them.
 *
 * @param option its name, as in `breaker`
 * @param keys the fields it may have
 * @throws InvalidOptionError for what is no object, and for an unknown field, which is most often a typing error
 */
export function optionFields<Fields extends object = Readonly<Record<string, unknown>>>(
  option: string,
  value: unknown,
  keys: readonly string[],
): Partial<Fields> {
  if (value === undefined) return {} as Partial<Fields>;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidOptionError(option, 'must be an object', value);
  for (const [key, field] of Object.entries(value)) {
    if (keys.includes(key)) continue;
    // What stands there by mistake may well be a key: `apiKey`, `token`.
    const shown = typeof field === 'string' ? 'a text that is not shown' : field;
    throw new InvalidOptionError(`${option}.${key}`, `is not known (known: ${keys.join(', ')})`, shown);
  }
  return value as Partial<Fields>;
}

/**
 * A number within bounds, or `fallback` when the option was left out.
 *
 * @param option its path, as in `breaker.openFor`
 * @throws InvalidOptionError naming the rule that was broken
 */
export function numberOption(option: string, value: unknown, fallback: number, rule: NumberRule): number {
  if (value === undefined) return fallback;
  const { integer = false, infinite = false, min = -Infinity, above = -Infinity, max = Infinity } = rule;
  const fits =
    typeof value === 'number' &&
    (Number.isFinite(value) || (infinite && value === Infinity)) &&
    (!integer || Number.isInteger(value)) &&
    value >= min &&
    value > above &&
    value <= max;
  if (!fits) throw new InvalidOptionError(option, inWords(rule), value);
  return value;
}

/** True or false, or `fallback` when the option was left out. */
export function booleanOption(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw new InvalidOptionError(option, 'must be true or false', value);
  return value;
}

/** A function, or `undefined` when the option was left out. */
export function functionOption<T>(option: string, value: T | undefined): T | undefined {
  if (value !== undefined && typeof value !== 'function')
    throw new InvalidOptionError(option, 'must be a function', value);
  return value;
}

/**
 * A value that must have certain methods, such as a logger; `undefined` when the option was left out.
 *
 * @throws InvalidOptionError naming the methods
 */
export function withMethods<T extends object>(
  option: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined {
  if (value === undefined) return undefined;
  for (const method of methods) {
    if (typeof value !== 'object' || value === null || typeof value[method] !== 'function') {
      throw new InvalidOptionError(
        option,
        `must be an object with ${methods.map((name) => `${name}()`).join(', ')}`,
        value,
      );
    }
  }
  return value;
}

function inWords({ integer, min, above, max, infinite }: NumberRule): string {
  const bounds = [
    min === undefined ? undefined : `at least ${min}`,
    above === undefined ? undefined : `above ${above}`,
    max === undefined ? undefined : `at most ${max}`,
  ].filter((bound) => bound !== undefined);
  const kind = integer ? 'an integer' : infinite ? 'a number' : 'a finite number';
  return [`must be ${kind}`, bounds.join(' and ')].filter((part) => part !== '').join(', ');
}
