import type { ResponseHeaders } from '../../core/transport.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import { FRESH_INTERVALS } from './load-poller.js';

/** Reads the load that an answer's headers tell (ORCA), where a parser of the endpoint's can. */
export function noteLoadHeaders(engine: Engine, endpoint: EndpointState, headers: ResponseHeaders): void {
  for (const { parser, key, interval } of endpoint.metrics) {
    if (parser.parseHeaders === undefined) continue;
    const readings = readingsOf(parser, headers);
    if (readings === undefined) continue;
    const own = { outstanding: endpoint.outstanding, freshFor: FRESH_INTERVALS * interval };
    endpoint.readout.amend(key, readings, own);
    const load = endpoint.load;
    if (load !== undefined && engine.observers.wants('load-observed'))
      engine.observers.tell({ type: 'load-observed', endpoint: endpoint.id, load });
  }
}

/** A parser is often the user's own, and an answer must not fail with it. */
function readingsOf(parser: EndpointState['metrics'][number]['parser'], headers: ResponseHeaders) {
  try {
    return parser.parseHeaders?.(headers);
  } catch {
    return undefined;
  }
}
