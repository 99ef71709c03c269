import type { BalancerObserver } from '../core/events.js';
import { booleanOption, functionOption, optionFields } from '../core/option-checks.js';
import type { Engine } from './engine.js';

/** What an observer wants beside the events of each step. */
export interface ObserveOptions {
  /**
   * Whether to hear `request-record` as well, of requests that begin from now on: attempts with their waits, and each
   * choice with candidates, scores and exclusions. Default false.
   */
  readonly records?: boolean;
}

/** @throws InvalidOptionError */
export function observe(
  { observers, records }: Engine,
  observer: BalancerObserver,
  options: ObserveOptions,
): () => void {
  functionOption('observer', observer);
  const given = optionFields('options', options, ['records']);
  const stop = observers.add(observer);
  if (!booleanOption('options.records', given.records, false)) return stop;
  const forget = records.listen(observer);
  return () => {
    stop();
    forget();
  };
}
