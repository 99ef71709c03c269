import type { InferenceRequest } from '../../core/inference-request.js';
import type { AdmissionRefusal } from '../../state/admission.js';
import { Lease } from '../../state/lease.js';
import type { Cancellation } from '../engine/cancellation.js';
import type { Engine, Placeless } from '../engine/engine.js';

const WORTH_WAITING: ReadonlySet<Placeless['kind']> = new Set([
  'full',
  'cooling-off',
  'warming',
  'undiscovered',
]);

/**
 * Waits for a place where waiting can help: endpoints are full, are not ready or not known yet, or will have cooled off in time.
 *
 * @returns the lease, or why there is none; after a cancellation whatever was known last
 */
export async function queueForPlace(
  engine: Engine,
  request: InferenceRequest,
  only: readonly string[] | undefined,
  placeless: Placeless,
  cancellation: Cancellation,
): Promise<Lease | Placeless | AdmissionRefusal> {
  const { admission, options, observers, clock } = engine;
  const { kind } = placeless;
  if (!WORTH_WAITING.has(kind)) return placeless;
  // What stands in the way says more than that there is no queue.
  if (kind !== 'full' && options.admission.maxQueued === 0) return placeless;
  if (placeless.kind === 'cooling-off' && placeless.soonest > options.admission.maxWait) return placeless;
  if (admission.full) return 'queue-full';
  const since = clock.now();
  let known: Placeless = placeless;
  const waiting = admission.wait(
    {
      model: request.model,
      priority: request.priority,
      lane: JSON.stringify([request.model, request.tried, only]),
      placeable: () => engine.endpoints.find(request, only).kind === 'ready',
      place: () => {
        const placed = engine.place(request, only);
        if (placed instanceof Lease) return placed;
        known = placed;
        return undefined;
      },
    },
    (leave) => {
      cancellation.onCancel = leave;
    },
  );
  engine.watchClock();
  if (observers.wants('request-queued'))
    observers.tell({ type: 'request-queued', request, queued: admission.queued });
  const admitted = await waiting;
  if (observers.wants('request-dequeued')) {
    observers.tell({
      type: 'request-dequeued',
      request,
      wait: clock.now() - since,
      queued: admission.queued,
    });
  }
  if (admitted === undefined) return known;
  return 'refusal' in admitted ? admitted.refusal : (admitted.place ?? known);
}
