/** A process whose worker threads call, each through a balancer of its own. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { LoadBalancer } from 'evenkeel';
import { QUESTION } from '../harness/payload.js';
import { cpuTime, serveParent } from '../harness/serve-parent.js';

const CONCURRENCY = 64;
const REQUEST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: QUESTION };

interface Task {
  readonly threads: number;
  readonly urls: readonly string[];
}

if (isMainThread) {
  const task: Task = JSON.parse(process.argv[2] ?? '{}');
  const all = Array.from(
    { length: task.threads },
    () => new Worker(new URL(import.meta.url), { workerData: task }),
  );
  serveParent('ready', async (milliseconds) => {
    const cpu = cpuTime();
    const began = performance.now();
    const counts = await Promise.all(
      all.map(async (worker) => {
        worker.postMessage(Number(milliseconds));
        return (await once(worker, 'message'))[0] as number;
      }),
    );
    const requests = counts.reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - began) / 1000;
    return { rate: requests / seconds, cpu: (cpuTime() - cpu) / requests };
  });
} else {
  const { threads, urls }: Task = workerData;
  const balancer = new LoadBalancer({ endpoints: urls.map((url) => ({ url })), share: threads });
  parentPort?.on('message', async (milliseconds: number) => {
    const end = performance.now() + milliseconds;
    let requests = 0;
    const sender = async () => {
      for (; performance.now() < end; requests++)
        await (await balancer.fetch('/v1/chat/completions', REQUEST)).json();
    };
    await Promise.all(Array.from({ length: CONCURRENCY / threads }, sender));
    parentPort?.postMessage(requests);
  });
}
