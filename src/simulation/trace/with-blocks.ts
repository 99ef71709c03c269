import type { InferenceRequest } from '../../core/inference-request.js';
import type { SelectionPolicy } from '../../core/policy.js';
import type { TraceRequest } from './trace.js';

/**
 * The policy itself, with all that it has, asked about requests whose prompt blocks are those of the trace: there is
 * no text from which a balancer could make them.
 */
export function withBlocks(
  policy: SelectionPolicy,
  requestOf: (headers: InferenceRequest['headers']) => TraceRequest,
): SelectionPolicy {
  const tell = (request: InferenceRequest): InferenceRequest => {
    const { blocks } = requestOf(request.headers);
    const promptBlocks = () => blocks;
    request.promptBlocks = promptBlocks;
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
