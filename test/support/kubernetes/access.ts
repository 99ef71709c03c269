import type { ApiPath } from './api-path.js';
import { StatusError } from './status.js';

/** A rule of a Role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Who may ask, and for what. */
export interface Access {
  /** Bearer tokens that are known; without them everybody is. */
  tokens: readonly string[] | undefined;
  /** What the known may do; without them everything. */
  rules: readonly PolicyRule[] | undefined;
}

export function authenticate({ tokens }: Access, authorization: string | undefined): void {
  if (tokens === undefined || tokens.some((token) => authorization === `Bearer ${token}`)) return;
  throw new StatusError(401, 'Unauthorized', 'Unauthorized');
}

export function authorize(
  { rules }: Access,
  verb: string,
  { kind, name, namespace, subresource }: ApiPath,
): void {
  const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`;
  const allowed = rules?.some(
    (rule) =>
      rule.apiGroups.includes(kind.group) &&
      rule.resources.includes(resource) &&
      rule.verbs.includes(verb) &&
      (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
  );
  if (allowed ?? true) return;
  const who = 'User "system:serviceaccount:default:app"';
  const what = `cannot ${verb} resource "${resource}" in API group "${kind.group}" in the namespace "${namespace}"`;
  throw new StatusError(403, 'Forbidden', `${kind.plural} is forbidden: ${who} ${what}`);
}
