/**
 * Reads the load that a server puts into the headers of its answers (ORCA): `endpoint-load-metrics`, as
 * `TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=3.0` or as
 * `JSON {"named_metrics": {"kv_cache_utilization": 0.4}}`. The balancer asks for it by `endpoint-load-metrics-format`.
 *
 * There is no page and no polling; the figures are as fresh as the last answer. vLLM and Triton send them with answers
 * that do not stream, and vLLM writes a log line for each. Not enough alone where most requests stream.
 *
 * @see https://github.com/envoyproxy/envoy/issues/6614
 */
import type { LoadSignalParser } from '../core/load-report.js';
import { optionFields } from '../core/option-checks.js';
import { orcaHeaders, orcaText } from '../core/orca-header.js';
import { signal } from '../core/signal.js';

const plain = {
  name: 'orca',
  requestHeaders: { 'endpoint-load-metrics-format': 'JSON' },
  parse: orcaText,
  parseHeaders: orcaHeaders,
};

/** Reads ORCA load reports, as a page or in the headers of an answer. Takes no options. */
export const orca: (() => LoadSignalParser) & LoadSignalParser = signal((options) => {
  optionFields('orca', options, []);
  return plain;
}, plain);
