import { booleanOption, optionFields } from '../core/option-checks.js';
import type { Actuator, TargetState } from '../core/scaling.js';
import { InvalidOptionError } from '../errors.js';
import type { KubernetesApi, KubernetesApiOptions } from '../transport/kubernetes-api.js';
import { KubernetesApiError } from '../transport/kubernetes-api-error.js';
import { apiOption, objectName } from './kubernetes-options.js';
import { ownerOf, type Target } from './kubernetes-owner.js';

/** Options of `kubernetesScale`. */
export interface KubernetesScaleOptions {
  /** Name of the Deployment, or of whatever `resource` says. */
  readonly name: string;
  /** Default: the namespace that this process runs in. */
  readonly namespace?: string;
  /** `group/version/plural` of anything that has a scale subresource. Default `apps/v1/deployments`. */
  readonly resource?: string;
  /** Whether to look for a HorizontalPodAutoscaler of the target, and to leave it alone then. Default true. */
  readonly ownerCheck?: boolean;
  /** How the API is reached. Default: as a pod does. */
  readonly api?: KubernetesApi | KubernetesApiOptions;
}

/** How often a change that is not about the replicas may come between reading and writing. */
const ATTEMPTS = 3;

/**
 * Sets the replicas of a Deployment, or of anything with a scale subresource, by a merge patch. Never overwrites
 * a count that it has not seen: when somebody else changed it meanwhile, it rejects.
 *
 * Needs `get` and `patch` on `deployments/scale` (apps), and `list` on `horizontalpodautoscalers` (autoscaling).
 *
 * @throws InvalidOptionError
 */
export function kubernetesScale(options: KubernetesScaleOptions): Actuator {
  const fields = optionFields<KubernetesScaleOptions>('kubernetesScale', options ?? null, [
    'name',
    'namespace',
    'resource',
    'ownerCheck',
    'api',
  ]);
  const { namespace, resource = 'apps/v1/deployments' } = fields;
  const name = objectName('kubernetesScale.name', fields.name);
  if (namespace !== undefined) objectName('kubernetesScale.namespace', namespace);
  const [group, version, plural] = typeof resource === 'string' ? resource.split('/') : [];
  if (
    group === undefined ||
    version === undefined ||
    plural === undefined ||
    !/^[\w.-]+(\/[\w.-]+){2}$/.test(resource)
  )
    throw new InvalidOptionError('kubernetesScale.resource', 'must be group/version/plural', resource);
  const api = apiOption('kubernetesScale.api', fields.api);
  const target = { name, namespace, group, version, plural };
  return new KubernetesScale(
    api,
    target,
    booleanOption('kubernetesScale.ownerCheck', fields.ownerCheck, true),
  );
}

/** A scale as it was read. */
interface Scale {
  readonly replicas: number;
  readonly resourceVersion: string | undefined;
}

class KubernetesScale implements Actuator {
  readonly name: string;
  readonly #api: KubernetesApi;
  readonly #target: Target;
  readonly #ownerCheck: boolean;
  #seen: Scale | undefined;

  constructor(api: KubernetesApi, target: Target, ownerCheck: boolean) {
    this.#api = api;
    this.#target = target;
    this.#ownerCheck = ownerCheck;
    this.name = `kubernetes:${target.plural}/${target.name}`;
  }

  async read(signal: AbortSignal): Promise<TargetState> {
    this.#seen = await this.#get(signal);
    const namespace = await this.#namespace();
    const owner = this.#ownerCheck
      ? await ownerOf(this.#api, { ...this.#target, namespace }, signal)
      : undefined;
    return { desired: this.#seen.replicas, ...(owner === undefined ? {} : { owner }) };
  }

  async scale(replicas: number, signal: AbortSignal): Promise<void> {
    const before = this.#seen ?? (await this.#get(signal));
    let version = before.resourceVersion;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#api.request({
          method: 'PATCH',
          path: await this.#path(),
          // With the version the API refuses when anything of the object has changed since.
          body: {
            ...(version === undefined ? {} : { metadata: { resourceVersion: version } }),
            spec: { replicas },
          },
          signal,
        });
        this.#seen = readScale(answer, this.name);
        return;
      } catch (error) {
        if (!(error instanceof KubernetesApiError) || error.status !== 409 || attempt === ATTEMPTS)
          throw this.#explained(error);
      }
      const now = await this.#get(signal);
      this.#seen = now;
      version = now.resourceVersion;
      // Its status moves all the time; only another count is somebody else's decision.
      if (now.replicas === before.replicas) continue;
      const change = `from ${before.replicas} to ${now.replicas}`;
      throw new KubernetesApiError(
        `${this.name} was set ${change} by somebody else meanwhile; nothing was changed`,
        {
          status: 409,
          reason: 'Conflict',
        },
      );
    }
  }

  async #get(signal: AbortSignal): Promise<Scale> {
    try {
      return readScale(await this.#api.request({ path: await this.#path(), signal }), this.name);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** The API's refusal with what can be done about it. */
  #explained(error: unknown): unknown {
    if (!(error instanceof KubernetesApiError)) return error;
    const { plural, group } = this.#target;
    const remedies: Readonly<Record<number, string>> = {
      403: `Grant get and patch on ${plural}/scale (${group}) to the service account`,
      404: `Is there a ${this.#target.name} among the ${plural} of the namespace?`,
    };
    const remedy = error.status === undefined ? undefined : remedies[error.status];
    return remedy === undefined
      ? error
      : new KubernetesApiError(`${error.message}. ${remedy}`, error, { cause: error });
  }

  async #path(): Promise<string> {
    const { group, version, plural, name } = this.#target;
    return `/apis/${group}/${version}/namespaces/${await this.#namespace()}/${plural}/${name}/scale`;
  }

  async #namespace(): Promise<string> {
    return this.#target.namespace ?? (await this.#api.namespace());
  }
}

/** @throws KubernetesApiError when the answer is no Scale */
function readScale(answer: unknown, name: string): Scale {
  const { spec, metadata } = (answer ?? {}) as {
    readonly spec?: { readonly replicas?: unknown };
    readonly metadata?: { readonly resourceVersion?: string };
  };
  // The API leaves a count of 0 out.
  const replicas = spec?.replicas ?? 0;
  if (spec === undefined || typeof replicas !== 'number')
    throw new KubernetesApiError(`The answer for ${name} is no Scale`, {});
  return { replicas, resourceVersion: metadata?.resourceVersion };
}
