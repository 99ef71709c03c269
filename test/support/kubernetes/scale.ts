import type { Kind, KubeObject } from './kinds.js';
import { namespaceOf } from './object-store.js';

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: { readonly matchLabels?: object } };
  readonly status?: { readonly replicas?: number };
}

/** The scale subresource of a workload. */
export function scaleOf(workload: Scalable): KubeObject {
  const { name, uid, resourceVersion } = workload.metadata;
  const labels = Object.entries(workload.spec?.selector?.matchLabels ?? {});
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: namespaceOf(workload), uid, resourceVersion },
    spec: { replicas: workload.spec?.replicas ?? 1 },
    status: {
      replicas: workload.status?.replicas ?? 0,
      selector: labels.map(([key, value]) => `${key}=${value}`).join(','),
    },
  };
}

/** The workload with the replicas that a scale asks for, and the version that the scale was made of. */
export function rescaled(kind: Kind, workload: Scalable, scale: Scalable): KubeObject {
  return {
    ...workload,
    kind: kind.kind,
    metadata: { ...workload.metadata, resourceVersion: scale.metadata.resourceVersion },
    spec: { ...workload.spec, replicas: scale.spec?.replicas ?? 0 },
  };
}
