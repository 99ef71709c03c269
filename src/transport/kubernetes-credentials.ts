import { readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';

/** As client-go: the kubelet renews a token when 80 % of its life, at least 10 minutes, has passed. */
const REREAD_AFTER = 60_000;

export interface CredentialSources {
  /** With the files `token`, `ca.crt` and `namespace`, each of which may be missing. */
  readonly folder: string | undefined;
  readonly token: string | (() => string | Promise<string>) | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  readonly namespace: string | undefined;
  readonly clock: Clock;
}

/** What a call is made with. `undefined`: there is none, and none is sent. */
export interface Credentials {
  readonly token: string | undefined;
  readonly ca: string | undefined;
}

/** A pod's credentials: given by the user, or read from the files that Kubernetes renews while the pod runs. */
export class KubernetesCredentials {
  readonly #sources: CredentialSources;
  #read: { readonly at: number; readonly credentials: Promise<Credentials> } | undefined;

  constructor(sources: CredentialSources) {
    this.#sources = sources;
  }

  /** The namespace that the pod runs in; `default` outside a cluster. */
  async namespace(): Promise<string> {
    return this.#sources.namespace ?? (await this.#file('namespace')) ?? 'default';
  }

  /** As they were at most a minute ago. */
  current(): Promise<Credentials> {
    const now = this.#sources.clock.now();
    if (this.#read !== undefined && now - this.#read.at < REREAD_AFTER) return this.#read.credentials;
    const credentials = this.#load();
    const read = { at: now, credentials };
    this.#read = read;
    // A token function that failed is asked again by the next call.
    credentials.catch(() => {
      if (this.#read === read) this.#read = undefined;
    });
    return credentials;
  }

  /** Read anew next time: the API no longer took those. */
  forget(): void {
    this.#read = undefined;
  }

  async #load(): Promise<Credentials> {
    const { token, ca } = this.#sources;
    return {
      token: typeof token === 'function' ? await token() : (token ?? (await this.#file('token'))),
      ca: ca ?? (await this.#file('ca.crt')),
    };
  }

  async #file(name: string): Promise<string | undefined> {
    const { folder } = this.#sources;
    if (folder === undefined) return undefined;
    try {
      return (await readFile(`${folder}/${name}`, 'utf8')).trim();
    } catch {
      return undefined;
    }
  }
}
