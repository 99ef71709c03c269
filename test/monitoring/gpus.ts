import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What dcgm-exporter says of one GPU: shares, 0 to 1. */
export interface Gpu {
  busy: number;
  memory: number;
}

/** Pages as dcgm-exporter has them: `/NAME` tells of the GPU of that name. */
export async function serveGpus(gpus: Readonly<Record<string, Gpu>>) {
  const server = createServer((request, response) => {
    const gpu = gpus[request.url?.slice(1) ?? ''];
    if (gpu === undefined) return response.writeHead(404).end();
    const used = Math.round(gpu.memory * 80_000);
    const figures = { GPU_UTIL: gpu.busy * 100, FB_USED: used, FB_FREE: 80_000 - used };
    const lines = Object.entries(figures).map(([name, value]) => `DCGM_FI_DEV_${name}{gpu="0"} ${value}\n`);
    return response.end(lines.join(''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
