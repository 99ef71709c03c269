/**
 * nginx, `least_conn` (ngx_http_upstream_least_conn_module.c): least connections / weight, nothing added for the
 * request at hand; among equals smooth weighted round robin.
 */
import { type EndpointView, roundRobin, type SelectionPolicy } from 'evenkeel';
import { usable, weightOf } from './usable.js';

export function nginxLeastConn(): SelectionPolicy {
  const turns = roundRobin();
  return {
    name: 'nginx least_conn',
    select(candidates, request, context) {
      const able = usable(candidates);
      const load = (endpoint: EndpointView) => endpoint.outstanding / weightOf(endpoint);
      const lowest = Math.min(...able.map(load));
      const equals = able.filter((endpoint) => load(endpoint) === lowest);
      return equals.length === 0 ? undefined : turns.select(equals, request, context);
    },
  };
}
