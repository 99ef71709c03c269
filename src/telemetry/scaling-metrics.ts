import { type EndpointView, inService } from '../core/endpoint.js';
import type { Definition, Row } from './definition.js';

/** Queueing by model: means are the ratio of the two. */
export const MODEL_COUNTERS: Readonly<Record<string, Definition>> = {
  model_queued_requests_total: {
    help: 'Requests that had to wait for admission and were admitted, by model.',
    labels: ['model'],
    *read({ models }) {
      for (const [model, { queued }] of models) yield [{ model }, queued];
    },
  },
  model_queue_wait_seconds_total: {
    help: 'How long those requests waited altogether, by model.',
    labels: ['model'],
    *read({ models }) {
      for (const [model, { wait }] of models) yield [{ model }, wait / 1000];
    },
  },
};

/** What fleets are scaled on, and what they are scaled to. */
export const SCALING_GAUGES: Readonly<Record<string, Definition>> = {
  active_replicas: {
    help: 'Endpoints in service, full, cooling off or with an open breaker as they may be: not those of weight 0 and those that drain, are not ready, or are on standby.',
    labels: [],
    *read(_tally, { endpoints }) {
      yield [{}, endpoints.filter(inService).length];
    },
  },
  saturation_ratio: {
    help: 'Requests outstanding over what the endpoints in service may have, where each has a limit.',
    labels: [],
    *read(_tally, { endpoints }) {
      yield* saturation({}, endpoints);
    },
  },
  model_queue_depth: {
    help: 'Requests waiting for admission, by model.',
    labels: ['model'],
    *read({ models, labels }, balancer) {
      const depths = new Map([...models.keys()].map((model) => [model, 0]));
      for (const [model, depth] of Object.entries(balancer.snapshot().queuedByModel)) {
        const label = labels.of(model);
        if (label === undefined) return;
        depths.set(label, (depths.get(label) ?? 0) + depth);
      }
      for (const [model, depth] of depths) yield [{ model }, depth];
    },
  },
  model_outstanding_requests: {
    help: 'Requests sent and not settled, by model.',
    labels: ['model'],
    *read({ models }) {
      for (const [model, { outstanding }] of models) yield [{ model }, outstanding];
    },
  },
  model_saturation_ratio: {
    help: 'As saturation_ratio, of the endpoints that serve the model, whatever their requests are for.',
    labels: ['model'],
    *read({ labels }, { endpoints }) {
      for (const model of labels.named)
        yield* saturation(
          { model },
          endpoints.filter((endpoint) => endpoint.servedModel(model) !== undefined),
        );
    },
  },
  desired_replicas: {
    help: 'Replicas that the autoscaler would have; only where it leads.',
    labels: [],
    *read(_tally, _balancer, autoscaler) {
      const desired = autoscaler?.desiredReplicas;
      if (desired !== undefined) yield [{}, desired];
    },
  },
};

/** No row where one of them has no limit: what share is used up is not known then. */
function* saturation(labels: Row[0], endpoints: readonly EndpointView[]): Iterable<Row> {
  const serving = endpoints.filter(inService);
  const limit = serving.reduce((sum, { maxOutstanding }) => sum + maxOutstanding, 0);
  if (limit > 0 && Number.isFinite(limit))
    yield [labels, serving.reduce((sum, { outstanding }) => sum + outstanding, 0) / limit];
}
