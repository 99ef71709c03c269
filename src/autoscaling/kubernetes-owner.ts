import type { KubernetesApi } from '../transport/kubernetes-api.js';
import { KubernetesApiError } from '../transport/kubernetes-api-error.js';

/** What is scaled. */
export interface Target {
  readonly name: string;
  /** Default: that of the process. */
  readonly namespace: string | undefined;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

interface Autoscaling {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly scaleTargetRef?: ScaleTargetRef };
}

interface ScaleTargetRef {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
}

/** The HorizontalPodAutoscaler that scales the target, in words. KEDA's ScaledObjects make one too. */
export async function ownerOf(
  api: KubernetesApi,
  target: Target & { readonly namespace: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = `/apis/autoscaling/v2/namespaces/${target.namespace}/horizontalpodautoscalers`;
  const list = await api.request({ path, signal }).catch((error: unknown) => {
    if (!(error instanceof KubernetesApiError) || error.status !== 403) throw error;
    const remedy = 'grant list on horizontalpodautoscalers (autoscaling), or set ownerCheck to false';
    const problem = `Whether an HPA scales ${target.name} cannot be told: ${remedy}`;
    throw new KubernetesApiError(`${error.message}. ${problem}`, error, { cause: error });
  });
  const { items } = (list ?? {}) as { readonly items?: unknown };
  const all: readonly Autoscaling[] = Array.isArray(items) ? items : [];
  const owner = all.find(({ spec }) => isTarget(spec?.scaleTargetRef, target));
  return owner === undefined ? undefined : `HorizontalPodAutoscaler ${owner.metadata?.name ?? ''}`.trim();
}

function isTarget(reference: ScaleTargetRef | undefined, { name, group, plural }: Target): boolean {
  if (reference?.name !== name || reference.kind === undefined) return false;
  // A reference names the kind, `Deployment`, and the API the plural, `deployments`.
  return reference.apiVersion?.split('/')[0] === group && plural.startsWith(reference.kind.toLowerCase());
}
