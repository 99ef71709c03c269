/**
 * Rates endpoints by the idle share of their GPUs: rating = 1 - utilisation. Utilisations of 0.6 and 1 rate 0.4 and 0.
 *
 * **A poor signal of load.** "Utilisation" is the share of time in which anything at all ran on the GPU. A single
 * stream keeps it at 100 %, and so do a hundred: a server with one request and one with its queue full look the same.
 * It lags by the exporter's interval on top. Take `outstanding`, `queueDepth`, `kvCache` or `pendingPrefill` first.
 *
 * Of use where something else runs on the same GPU that no other figure shows: training jobs, desktops, video.
 *
 * Needs the `metrics` option on every endpoint, with `dcgm` or `triton`; while one lacks it the scorer counts for none.
 */
import type { Scorer } from '../core/scoring.js';

/** Rates by the idle share of the GPUs: a poor signal of load. */
export function gpuUtilization(): Scorer {
  return {
    name: 'gpu-utilization',
    score: (candidates) =>
      candidates.map(({ load }) =>
        load?.gpuUtilization === undefined ? undefined : 1 - load.gpuUtilization,
      ),
  };
}
