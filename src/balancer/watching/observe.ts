import { EVENT_NAMES } from '../../core/event-names.js';
import type { BalancerHandlers, BalancerObserver } from '../../core/events.js';
import { booleanOption, functionOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import type { Engine } from '../engine/engine.js';

/** What an observer wants beside the events of each step. */
export interface ObserveOptions {
  /**
   * Whether to hear `request-record` as well, of requests that begin from now on: attempts with their waits, and each
   * choice with candidates, scores and exclusions. Default: false; with handlers, whether there is one for it.
   */
  readonly records?: boolean;
}

/** @throws InvalidOptionError */
export function observe(
  { observers, records }: Engine,
  observer: BalancerObserver | BalancerHandlers,
  options: ObserveOptions,
): () => void {
  const hearer = typeof observer === 'function' ? observer : boundHandlers(observer);
  const recorder = typeof hearer === 'function' ? hearer : hearer['request-record'];
  const given = optionFields('options', options, ['records']);
  const asks = typeof hearer !== 'function' && recorder !== undefined;
  const recorded = booleanOption('options.records', given.records, asks);
  if (recorded && recorder === undefined)
    throw new InvalidOptionError('options.records', 'needs a handler for request-record', true);
  const stop = observers.add(hearer);
  if (!recorded || recorder === undefined) return stop;
  const forget = records.listen(recorder);
  return () => {
    stop();
    forget();
  };
}

/** The handlers, each with its object as `this`. */
function boundHandlers(observer: unknown): BalancerHandlers {
  if (typeof observer !== 'object' || observer === null)
    throw new InvalidOptionError(
      'observer',
      'must be a function, or handlers by the type of event',
      observer,
    );
  const given = optionFields<BalancerHandlers>('observer', observer, EVENT_NAMES);
  return Object.fromEntries(
    EVENT_NAMES.map((name) => [name, functionOption(`observer.${name}`, given[name])?.bind(observer)]),
  );
}
