import { Replica } from '../replica/replica.js';
import type { ReplicaModel } from '../replica/replica-model.js';
import { Sequence } from '../replica/sequence.js';
import type { TraceRequest } from '../trace/trace.js';
import { VirtualClock } from '../virtual-clock.js';

/** Requests that are measured; enough for the mean of a long-tailed trace. */
const MEASURED = 1_000;

/** What was measured, by the requests and the model: a comparison asks the same again for every policy and seed. */
const known = new WeakMap<readonly TraceRequest[], Map<string, Promise<number>>>();

/**
 * Requests a second of this mix that a replica can do when it never lacks work, measured by keeping its queue filled
 * with requests from all over the trace; prompts share nothing. Requests that it cannot hold at all are left out.
 */
export function replicaCapacity(model: ReplicaModel, requests: readonly TraceRequest[]): Promise<number> {
  const byModel = known.get(requests) ?? new Map<string, Promise<number>>();
  known.set(requests, byModel);
  const key = JSON.stringify(model);
  const measured = byModel.get(key) ?? measure(model, requests);
  byModel.set(key, measured);
  return measured;
}

async function measure(model: ReplicaModel, requests: readonly TraceRequest[]): Promise<number> {
  const fitting = requests.filter(({ prompt, output }) => prompt + output <= model.kvTokens);
  if (fitting.length === 0) return 0;
  const clock = new VirtualClock();
  const replica = new Replica(model, clock);
  // A step coprime to the length goes through all of them in an order that mixes the hours of the trace.
  const step = coprimeStep(fitting.length);
  let next = 0;
  let finished = 0;
  let warmed = 0;
  let end = 0;
  // A batch that has been filled anew is as it will always be.
  const warmUp = Math.min(model.slots, MEASURED);
  const submit = (): void => {
    const request = fitting[next];
    next = (next + step) % fitting.length;
    if (request === undefined) return;
    const listener = {
      firstToken: () => {},
      lost: () => {},
      finished: () => {
        finished++;
        if (finished === warmUp) warmed = clock.now();
        end = clock.now();
        submit();
      },
    };
    replica.submit(new Sequence({ ...request, blocks: [] }, listener));
  };
  for (let index = 0; index < model.slots + 1; index++) submit();
  await clock.run(() => finished >= warmUp + MEASURED);
  return (1000 * (finished - warmUp)) / (end - warmed);
}

function coprimeStep(length: number): number {
  let step = Math.max(1, Math.floor(length * 0.618));
  while (greatestCommonDivisor(step, length) > 1) step++;
  return step;
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
