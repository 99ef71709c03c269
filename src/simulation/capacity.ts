import { Replica } from './replica.js';
import type { ReplicaModel } from './replica-model.js';
import { Sequence } from './sequence.js';
import type { TraceRequest } from './trace.js';
import { VirtualClock } from './virtual-clock.js';

/** Requests that are tried; enough for the mean of a long-tailed trace. */
const SAMPLE = 1_000;

/**
 * Requests a second of this mix that a replica can do when it never lacks work, measured by giving it a sample all at
 * once; prompts' prefixes are not shared. Requests that it cannot hold at all are left out.
 */
export async function replicaCapacity(
  model: ReplicaModel,
  requests: readonly TraceRequest[],
): Promise<number> {
  const clock = new VirtualClock();
  const replica = new Replica(model, clock);
  const fitting = requests.filter(({ prompt, output }) => prompt + output <= model.kvTokens);
  const count = Math.min(SAMPLE, fitting.length);
  if (count === 0) return 0;
  let finished = 0;
  let busyUntil = 0;
  for (let index = 0; index < count; index++) {
    const request = fitting[Math.floor((index * fitting.length) / count)];
    if (request === undefined) continue;
    const listener = {
      firstToken: () => {},
      lost: () => {},
      finished: () => {
        finished++;
        busyUntil = clock.now();
      },
    };
    replica.submit(new Sequence({ ...request, blocks: [] }, listener));
  }
  // When none waits any more the batch runs empty, which says nothing of a replica that never lacks work.
  await clock.run(() => replica.waiting === 0 && finished >= count / 2);
  return (1000 * finished) / busyUntil;
}
