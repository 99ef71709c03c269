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
  checkObserver(observer);
  const handler = typeof observer === 'function' ? undefined : observer['request-record'];
  const given = optionFields('options', options, ['records']);
  const recorded = booleanOption('options.records', given.records, handler !== undefined);
  const recorder = typeof observer === 'function' ? observer : handler;
  if (recorded && recorder === undefined)
    throw new InvalidOptionError('options.records', 'needs a handler for request-record', true);
  const stop = observers.add(observer);
  if (!recorded || recorder === undefined) return stop;
  const forget = records.listen(recorder);
  return () => {
    stop();
    forget();
  };
}

function checkObserver(observer: unknown): void {
  if (typeof observer === 'function') return;
  if (typeof observer !== 'object' || observer === null)
    throw new InvalidOptionError(
      'observer',
      'must be a function, or handlers by the type of event',
      observer,
    );
  const handlers = optionFields('observer', observer, EVENT_NAMES);
  for (const type of EVENT_NAMES) functionOption(`observer.${type}`, handlers[type]);
}
