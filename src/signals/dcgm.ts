/**
 * Reads dcgm-exporter, NVIDIA's exporter of GPU figures, on a port of its own: `:9400/metrics`.
 *
 * It tells of every GPU of the machine, so say which are the endpoint's where that is not all of them:
 * `dcgm({ labels: { gpu: '0' } })`, or `{ pod: 'vllm-0' }` in Kubernetes. Utilisation (per cent in DCGM, 0 to 1 here)
 * is averaged; memory is used / (used + free) of all: 70 and 72 of 80 GiB each are 0.8875.
 *
 * Neither figure tells load: engines reserve memory when they start, and one request keeps a GPU at 100 %. Good for
 * dashboards, for finding what else runs on a shared GPU, and beside a parser of the engine's own figures.
 *
 * @see https://github.com/NVIDIA/dcgm-exporter
 */
import { known, ratio } from '../core/metrics-page.js';
import { pageSignal } from '../core/signal.js';

/** Lower case: dcgm-exporter 1. */
const BUSY = ['DCGM_FI_DEV_GPU_UTIL', 'dcgm_gpu_utilization'];
/** 0 to 1, where profiling is on; the only one on MIG slices. */
const ACTIVE = ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'];
const USED = ['DCGM_FI_DEV_FB_USED', 'dcgm_fb_used'];
const FREE = ['DCGM_FI_DEV_FB_FREE', 'dcgm_fb_free'];

/** Reads dcgm-exporter: the GPUs' utilisation and memory. */
export const dcgm = pageSignal({
  name: 'dcgm',
  path: '/metrics',
  port: 9400,
  names: [BUSY, ACTIVE, USED, FREE],
  read: (page) => {
    const used = page.sum(USED);
    const free = page.sum(FREE);
    return known({
      gpuUtilization: ratio(page.mean(BUSY), 100) ?? page.mean(ACTIVE),
      vramUsage: ratio(used, used === undefined || free === undefined ? undefined : used + free),
    });
  },
});
