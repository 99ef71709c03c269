import type { InferenceRequest } from '../core/inference-request.js';
import type { SelectionPolicy } from '../core/policy.js';
import type { TraceRequest } from './trace.js';

/** A request that tells its prompt's blocks, as a balancer reads them from a body. */
type Told = InferenceRequest & { promptBlocks?: () => readonly number[] };

/**
 * The policy itself, with all that it has, asked about requests whose prompt blocks are those of the trace: there is
 * no text from which a balancer could make them.
 */
export function withBlocks(
  policy: SelectionPolicy,
  requestOf: (headers: InferenceRequest['headers']) => TraceRequest,
): SelectionPolicy {
  const tell = (request: Told): InferenceRequest => {
    const { blocks } = requestOf(request.headers);
    request.promptBlocks = () => blocks;
    return request;
  };
  const select: SelectionPolicy['select'] = (candidates, request, context) =>
    policy.select(candidates, tell(request), context);
  return new Proxy(policy, {
    get(target, key) {
      if (key === 'select') return select;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
