import type { AttemptFollower, SentAttempt } from '../../core/policy.js';
import type { Engine } from '../engine/engine.js';

/**
 * Lets a policy that learns hear what becomes of an attempt. Its mistakes cost no request: the first is told as
 * `policy-failed`, and this attempt is followed no further.
 */
export function followAttempt(engine: Engine, attempt: SentAttempt): AttemptFollower | undefined {
  const { policy } = engine.options;
  if (policy.follow === undefined) return undefined;
  let follower: AttemptFollower | undefined;
  const guarded = (act: () => void) => {
    try {
      act();
    } catch (error) {
      follower = undefined;
      const problem = error instanceof Error ? error.message : String(error);
      engine.observers.tell({ type: 'policy-failed', policy: policy.name, problem });
    }
  };
  guarded(() => {
    follower = policy.follow?.(attempt);
  });
  if (follower === undefined) return undefined;
  return {
    answering: (now, streamed) => guarded(() => follower?.answering(now, streamed)),
    settled: (result) => guarded(() => follower?.settled(result)),
  };
}
