import { withMethods } from '../core/option-checks.js';
import { InvalidOptionError } from '../errors.js';
import { type KubernetesApi, type KubernetesApiOptions, kubernetesApi } from '../transport/kubernetes-api.js';

/** A name that can stand in a path: RFC 1123, as Kubernetes has it. */
export function objectName(option: string, name: unknown): string {
  if (typeof name !== 'string' || !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name))
    throw new InvalidOptionError(option, 'must be the name of a Kubernetes object', name);
  return name;
}

/** An API that is given, or one made of its options. */
export function apiOption(option: string, api: unknown): KubernetesApi {
  const given = api as (KubernetesApi & KubernetesApiOptions) | undefined;
  if (given !== undefined && given !== null && 'request' in given)
    return withMethods(option, given, ['request', 'namespace']) ?? kubernetesApi();
  return kubernetesApi(given);
}
