import type { ActivationHook } from '../../core/activation.js';
import { InvalidOptionError } from '../../errors.js';

/** Options of `vllmSleep`. */
export interface VllmSleepOptions {
  /**
   * 1 keeps the weights in the host's memory and wakes in seconds; 2 drops them, and they are loaded again.
   * Default 1.
   */
  readonly level?: 1 | 2;
}

/**
 * Puts vLLM servers on standby to sleep, so that their GPU memory is free for others, and wakes them when they are
 * activated. The servers need `--enable-sleep-mode` and `VLLM_SERVER_DEV_MODE=1`; both paths are open to anybody who
 * can reach them.
 *
 * @throws InvalidOptionError for another level
 */
export function vllmSleep({ level = 1 }: VllmSleepOptions = {}): ActivationHook {
  if (level !== 1 && level !== 2) throw new InvalidOptionError('vllmSleep.level', 'must be 1 or 2', level);
  return {
    name: 'vllm-sleep',
    async activate(target) {
      if (level === 1) {
        await target.call('POST', '/wake_up');
        return;
      }
      // The order that vLLM's sleep mode asks for: room for the weights, the weights, then the cache.
      await target.call('POST', '/wake_up?tags=weights');
      await target.call('POST', '/collective_rpc', { method: 'reload_weights' });
      await target.call('POST', '/wake_up?tags=kv_cache');
    },
    async rest(target) {
      await target.call('POST', `/sleep?level=${level}`);
    },
  };
}
