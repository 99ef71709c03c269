import { randomUUID } from 'node:crypto';
import { groupVersion, type Kind, type KubeObject, kindOf } from './kinds.js';
import { expired, StatusError } from './status.js';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: Kind;
  readonly object: KubeObject;
  /** The object as it was. */
  readonly before: KubeObject | undefined;
  readonly revision: number;
}

/** The objects and, as etcd does, what became of them: one revision counter for all. */
export class ObjectStore {
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Set<(change: Change) => void>();
  #changes: Change[] = [];
  /** Not 0, and not small, so that nobody can take it for a count. */
  #revision = 41_870;
  #forgotten = 41_870;

  get revision(): number {
    return this.#revision;
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.add(listener);
  }

  list(kind: Kind, namespace: string | undefined): KubeObject[] {
    const prefix = keyOf(kind, namespace, '');
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  get(kind: Kind, namespace: string, name: string): KubeObject {
    const object = this.#objects.get(keyOf(kind, namespace, name));
    if (object === undefined) throw new StatusError(404, 'NotFound', `${kind.plural} "${name}" not found`);
    return object;
  }

  /** Creates the object, or makes it be this. */
  apply(object: KubeObject): KubeObject {
    const kind = kindOf(object);
    const known = this.#objects.has(keyOf(kind, namespaceOf(object), object.metadata.name));
    return known ? this.#store('MODIFIED', kind, object) : this.create(kind, object);
  }

  create(kind: Kind, object: KubeObject): KubeObject {
    const { name } = object.metadata;
    if (this.#objects.has(keyOf(kind, namespaceOf(object), name)))
      throw new StatusError(409, 'AlreadyExists', `${kind.plural} "${name}" already exists`);
    return this.#store('ADDED', kind, object);
  }

  /** Refuses when the object has changed since the version that the caller has seen. */
  replace(kind: Kind, object: KubeObject): KubeObject {
    const { name, resourceVersion } = object.metadata;
    const now = this.get(kind, namespaceOf(object), name);
    if (resourceVersion === undefined && kind.conditionalUpdate)
      throw new StatusError(422, 'Invalid', 'metadata.resourceVersion: must be specified for an update');
    if (resourceVersion !== undefined && resourceVersion !== now.metadata.resourceVersion) {
      const problem =
        'the object has been modified; please apply your changes to the latest version and try again';
      throw new StatusError(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${kind.plural} "${name}": ${problem}`,
      );
    }
    return this.#store('MODIFIED', kind, object);
  }

  delete(kind: Kind, namespace: string, name: string): KubeObject {
    return this.#store('DELETED', kind, this.get(kind, namespace, name));
  }

  /** @throws StatusError 410 when they are forgotten */
  changesSince(kind: Kind, revision: number): Change[] {
    if (revision < this.#forgotten) throw expired();
    return this.#changes.filter((change) => change.kind === kind && change.revision > revision);
  }

  /** Forgets what has changed so far, as etcd's compaction does. Something else changes as well, so every known version is old. */
  compact(): void {
    this.#revision++;
    this.#forgotten = this.#revision;
    this.#changes = [];
  }

  #store(type: Change['type'], kind: Kind, given: KubeObject): KubeObject {
    const key = keyOf(kind, namespaceOf(given), given.metadata.name);
    const before = this.#objects.get(key);
    this.#revision++;
    const object: KubeObject = {
      ...given,
      apiVersion: groupVersion(kind),
      kind: kind.kind,
      metadata: {
        ...given.metadata,
        namespace: namespaceOf(given),
        uid: before?.metadata.uid ?? randomUUID(),
        creationTimestamp: before?.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
        resourceVersion: String(this.#revision),
      },
    };
    if (type === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, object);
    const change = { type, kind, object, before, revision: this.#revision };
    this.#changes.push(change);
    for (const listener of this.#listeners) listener(change);
    return object;
  }
}

export function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? 'default';
}

function keyOf({ group, plural }: Kind, namespace: string | undefined, name: string): string {
  return namespace === undefined ? `${group}/${plural}/` : `${group}/${plural}/${namespace}/${name}`;
}
