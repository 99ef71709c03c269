import { Agent, request as send } from 'undici';
import type { Clock } from '../core/clock.js';
import { numberOption, optionFields } from '../core/option-checks.js';
import { InvalidOptionError } from '../errors.js';
import { systemClock } from '../system.js';
import { backgroundAgent } from './background-agent.js';
import { KubernetesApiError, refusalOf } from './kubernetes-api-error.js';
import { KubernetesCredentials } from './kubernetes-credentials.js';

/** Where Kubernetes puts a pod's credentials. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** One call. */
export interface KubernetesRequest {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API: `/apis/apps/v1/namespaces/default/deployments/llm/scale`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON; that of a `PATCH` as a merge patch (RFC 7396). */
  readonly body?: unknown;
  /** Media type of the answer, where it is to be another form of the object. Default `application/json`. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** What the parts that talk to Kubernetes need of it; a test may bring its own. */
export interface KubernetesApi {
  /** The namespace that this process runs in; `default` outside a cluster. */
  namespace(): Promise<string>;
  /**
   * The object that the API answered with.
   *
   * @throws KubernetesApiError for a status of 400 and above, and when there was no answer
   */
  request(call: KubernetesRequest): Promise<unknown>;
  /**
   * Resolves when the API takes up the watch, with its events as they come; they end when the API ends it.
   *
   * @param idle longest silence in ms; 0 for any. A connection that died without a word is noticed by nothing else
   * @throws KubernetesApiError as `request`, and when the connection breaks
   */
  watch(call: KubernetesRequest, idle: number): Promise<AsyncIterable<unknown>>;
  /** Ends its connections. */
  close(): Promise<void>;
}

/** Options of `KubernetesApi`. */
export interface KubernetesApiOptions {
  /** Default: the API of the cluster that the process runs in. For `kubectl proxy`: `http://127.0.0.1:8001`. */
  readonly server?: string;
  /** Bearer token, or a function that gives one. Default: the pod's service account, read anew as it is renewed. */
  readonly token?: string | (() => string | Promise<string>);
  /** Certificate authority of the API, PEM. Default: the pod's. */
  readonly ca?: string;
  /** Default: the pod's, else `default`. */
  readonly namespace?: string;
  /**
   * Folder with `token`, `ca.crt` and `namespace`. Default: where Kubernetes mounts them; none with `server`,
   * because a pod's token is for the API of its own cluster.
   */
  readonly serviceAccount?: string;
  /** Longest wait for an answer's headers, and between its parts, in ms. Default 10 s. */
  readonly timeout?: number;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
}

/**
 * The Kubernetes API as a pod sees it: its address from the environment, token and authority from the files of its
 * service account. Tokens are read anew every minute, and at once when the API answers 401.
 *
 * @throws InvalidOptionError for bad options, and outside a cluster when `server` is missing
 */
export function kubernetesApi(options: KubernetesApiOptions = {}): KubernetesApi {
  const given = optionFields('kubernetes', options, [
    'server',
    'token',
    'ca',
    'namespace',
    'serviceAccount',
    'timeout',
    'clock',
  ]) as KubernetesApiOptions;
  return new HttpKubernetesApi(serverOf(given.server), given);
}

/** A watch goes on for ever, and is no reason for the process to. */
interface Connections {
  readonly ca: string | undefined;
  readonly calls: Agent;
  readonly watches: Agent;
}

class HttpKubernetesApi implements KubernetesApi {
  readonly #server: string;
  readonly #timeout: number;
  readonly #credentials: KubernetesCredentials;
  #connections: Connections | undefined;

  constructor(server: string, options: KubernetesApiOptions) {
    const { token, ca, namespace, clock = systemClock } = options;
    const folder = options.serviceAccount ?? (options.server === undefined ? SERVICE_ACCOUNT : undefined);
    this.#server = server;
    this.#timeout = numberOption('kubernetes.timeout', options.timeout, 10_000, { above: 0 });
    this.#credentials = new KubernetesCredentials({ folder, token, ca, namespace, clock });
  }

  namespace(): Promise<string> {
    return this.#credentials.namespace();
  }

  async request(call: KubernetesRequest): Promise<unknown> {
    const { body, name } = await this.#call(call, 'calls', this.#timeout);
    try {
      return await body.json();
    } catch (error) {
      throw lost(name, error, call.signal);
    }
  }

  async watch(call: KubernetesRequest, idle: number): Promise<AsyncIterable<unknown>> {
    const { body, name } = await this.#call(
      { ...call, query: { ...call.query, watch: '1' } },
      'watches',
      idle,
    );
    return jsonLines(body, (error) => lost(name, error, call.signal));
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    this.#connections = undefined;
    await Promise.all([connections?.calls.destroy(), connections?.watches.destroy()]);
  }

  /** Resolves at the headers of an answer below 400. */
  async #call(call: KubernetesRequest, by: 'calls' | 'watches', bodyTimeout: number) {
    const name = `${call.method ?? 'GET'} ${call.path}`;
    for (let again = true; ; again = false) {
      const answer = await this.#send(call, by, bodyTimeout).catch((error: unknown) => {
        throw lost(name, error, call.signal);
      });
      if (answer.statusCode < 400) return { body: answer.body, name };
      const text = await answer.body.text().catch(() => '');
      // A token that has run out is renewed in its file; one that is wrong is wrong again.
      if (answer.statusCode !== 401 || !again) throw refusalOf(name, answer.statusCode, text);
      this.#credentials.forget();
    }
  }

  async #send(call: KubernetesRequest, by: 'calls' | 'watches', bodyTimeout: number) {
    const { method = 'GET', path, query, body, accept = 'application/json', signal } = call;
    const { token, ca } = await this.#credentials.current();
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
    return send(this.#server + path + search, {
      dispatcher: this.#connectionsTo(ca)[by],
      method,
      headers: {
        accept,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      headersTimeout: this.#timeout,
      bodyTimeout,
    });
  }

  /** The same for all calls, until the cluster's authority is another. */
  #connectionsTo(ca: string | undefined): Connections {
    if (this.#connections === undefined || this.#connections.ca !== ca) {
      // Calls under way, a watch among them, end on the old connections.
      void this.#connections?.calls.close();
      void this.#connections?.watches.close();
      const connect = { ca, timeout: this.#timeout };
      this.#connections = { ca, calls: new Agent({ connect }), watches: backgroundAgent(connect) };
    }
    return this.#connections;
  }
}

/** Lines come in pieces, and a piece may hold many. */
async function* jsonLines(pieces: AsyncIterable<Uint8Array>, asError: (error: unknown) => unknown) {
  // Not the stream's own `setEncoding`: under Node 26 it loses a character that two pieces share.
  const decoder = new TextDecoder();
  let line = '';
  try {
    for await (const piece of pieces) {
      const lines = (line + decoder.decode(piece, { stream: true })).split('\n');
      line = lines.pop() ?? '';
      for (const whole of lines) if (whole.trim() !== '') yield JSON.parse(whole) as unknown;
    }
  } catch (error) {
    throw asError(error);
  }
}

/** What a call that had no whole answer rejects with: the caller's own reason when it was given up. */
function lost(name: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  const problem = error instanceof Error ? error.message : String(error);
  return new KubernetesApiError(`${name} had no answer: ${problem}`, {}, { cause: error });
}

function serverOf(server: string | undefined): string {
  if (server === undefined) {
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
    const rule = 'must be given outside a cluster (with `kubectl proxy`: http://127.0.0.1:8001)';
    if (!host) throw new InvalidOptionError('kubernetes.server', rule, server);
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
    throw new InvalidOptionError('kubernetes.server', 'must be an http or https URL', server);
  return server.replace(/\/+$/, '');
}
