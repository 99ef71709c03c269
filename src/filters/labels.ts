/**
 * Keeps the endpoints whose labels are as wanted, by all requests or by this one.
 *
 * `labels({ region: 'eu', gpu: ['a100', 'h100'] })`: region eu and either GPU. An endpoint without one of the labels
 * goes.
 *
 * Needs `labels` on the endpoints. Not for a mere preference: when none is left the request is refused, which is
 * right for data that must not leave a region, and wrong for "rather an A100", which is a scorer's job.
 */
import type { InferenceRequest } from '../core/inference-request.js';
import type { Filter } from '../core/scoring.js';
import { InvalidOptionError } from '../errors.js';

/** For each label the value it must have, or the values it may have. */
export type WantedLabels = Readonly<Record<string, string | readonly string[]>>;

/**
 * Keeps the endpoints whose labels are as wanted, by all requests or by this one.
 *
 * @param wanted the labels, or a function that reads them off a request; `undefined` from it keeps all
 * @throws InvalidOptionError
 */
export function labels(
  wanted: WantedLabels | ((request: InferenceRequest) => WantedLabels | undefined),
): Filter {
  if (typeof wanted !== 'function') requireLabels(wanted);
  return {
    name: 'labels',
    keep(candidates, request) {
      const rules = Object.entries((typeof wanted === 'function' ? wanted(request) : wanted) ?? {});
      return candidates.filter((endpoint) =>
        rules.every(([label, rule]) => fits(endpoint.labels[label], rule)),
      );
    },
  };
}

function fits(value: string | undefined, rule: string | readonly string[]): boolean {
  if (value === undefined) return false;
  return typeof rule === 'string' ? value === rule : rule.includes(value);
}

function requireLabels(wanted: unknown): void {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted))
    throw new InvalidOptionError(
      'labels',
      'must be an object of labels, or a function of the request',
      wanted,
    );
  for (const [label, rule] of Object.entries(wanted)) {
    if (typeof rule === 'string') continue;
    if (!Array.isArray(rule) || rule.length === 0 || !rule.every((value) => typeof value === 'string'))
      throw new InvalidOptionError(`labels.${label}`, 'must be a string or a list of strings', rule);
  }
}
