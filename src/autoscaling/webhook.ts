import { request } from 'undici';
import type { Clock, Random, Timer } from '../core/clock.js';
import { functionOption, numberOption, optionFields, withMethods } from '../core/option-checks.js';
import type { Actuator } from '../core/scaling.js';
import { EvenkeelError, InvalidOptionError } from '../errors.js';
import { systemClock, systemRandom } from '../system.js';
import { type WebhookSigner, webhookSigner } from './webhook-signature.js';

/** Options of `webhook`. */
export interface WebhookOptions {
  /** Gets a `POST` with `{ "replicas": 4 }`. */
  readonly url: string;
  /** Signs each call (Standard Webhooks). `whsec_` and base64, or any text. At least 16 characters. */
  readonly secret: string;
  /** Further headers: an API key, say. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Calls for one decision, the first included. Integer >= 1, default 4. */
  readonly attempts?: number;
  /** Before the second call, in ms; doubled for each further one, less up to half at random. Default 500. */
  readonly backoff?: number;
  /** Longest wait for the answer to one call, in ms. Above 0, default 3000. */
  readonly timeout?: number;
  /** For tests. Default: the system's. */
  readonly clock?: Clock;
  /** For tests. Default: `Math.random`. */
  readonly random?: Random;
}

/** Statuses that may pass: everything else is the receiver's last word. */
const PASSING = new Set([408, 425, 429]);

/**
 * Tells a URL of your own how many replicas there should be. Calls are signed and repeated; those for one decision
 * have one `webhook-id`, so that a receiver can know a repeated one. The count is absolute: doing it twice is harmless.
 *
 * @throws InvalidOptionError
 */
export function webhook(options: WebhookOptions): Actuator {
  const fields = optionFields<WebhookOptions>('webhook', options ?? null, [
    'url',
    'secret',
    'headers',
    'attempts',
    'backoff',
    'timeout',
    'clock',
    'random',
  ]);
  const { url, secret, headers = {} } = fields;
  if (typeof url !== 'string' || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new InvalidOptionError('webhook.url', 'must be an http or https URL', url);
  if (typeof secret !== 'string' || secret.length < 16)
    throw new InvalidOptionError('webhook.secret', 'must be a text of at least 16 characters', typeof secret);
  if (
    typeof headers !== 'object' ||
    headers === null ||
    !Object.values(headers).every((value) => typeof value === 'string')
  )
    throw new InvalidOptionError('webhook.headers', 'must be an object of texts', headers);
  return new Webhook(webhookSigner(secret), {
    url,
    headers,
    attempts: numberOption('webhook.attempts', fields.attempts, 4, { integer: true, min: 1 }),
    backoff: numberOption('webhook.backoff', fields.backoff, 500, { min: 0 }),
    timeout: numberOption('webhook.timeout', fields.timeout, 3_000, { above: 0 }),
    clock: withMethods('webhook.clock', fields.clock, ['now', 'wallTime', 'setTimer']) ?? systemClock,
    random: functionOption('webhook.random', fields.random) ?? systemRandom,
  });
}

/** The receiver did not take a decision. */
export class WebhookError extends EvenkeelError {
  /** HTTP status of the last call; `undefined` when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, options?: ErrorOptions) {
    super('WEBHOOK_FAILED', message, options);
    this.status = status;
  }
}

type ResolvedWebhook = Required<Omit<WebhookOptions, 'secret'>>;

class Webhook implements Actuator {
  readonly name = 'webhook';
  readonly #signer: WebhookSigner;
  readonly #options: ResolvedWebhook;
  /** A decision that nobody has confirmed; the same one again keeps its id. */
  #open: { readonly replicas: number; readonly id: string } | undefined;

  constructor(signer: WebhookSigner, options: ResolvedWebhook) {
    this.#signer = signer;
    this.#options = options;
  }

  /** A webhook only tells. */
  async read(): Promise<undefined> {
    return undefined;
  }

  async scale(replicas: number, signal: AbortSignal): Promise<void> {
    const { attempts, backoff, random } = this.#options;
    if (this.#open?.replicas !== replicas) this.#open = { replicas, id: newId(random) };
    const { id } = this.#open;
    for (let attempt = 1; ; attempt++) {
      const problem = await this.#call(id, replicas, signal);
      if (problem === undefined) break;
      const final = problem.status !== undefined && problem.status < 500 && !PASSING.has(problem.status);
      if (final || attempt === attempts) throw problem;
      await this.#wait(backoff * 2 ** (attempt - 1) * (1 - random() / 2), signal);
    }
    this.#open = undefined;
  }

  /** @returns what was wrong; rejects only when it was given up */
  async #call(id: string, replicas: number, signal: AbortSignal): Promise<WebhookError | undefined> {
    const { url, headers, timeout, clock } = this.#options;
    const body = JSON.stringify({ type: 'replicas', replicas });
    const timestamp = Math.floor(clock.wallTime() / 1000);
    try {
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': await this.#signer.sign(id, timestamp, body),
        },
        body,
        signal,
        headersTimeout: timeout,
        bodyTimeout: timeout,
      });
      await answer.dump();
      return statusCode < 300
        ? undefined
        : new WebhookError(`The webhook answered ${statusCode}`, statusCode);
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      return new WebhookError(`The webhook had no answer: ${message}`, undefined, { cause: error });
    }
  }

  async #wait(delay: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise<void>((resolve, reject) => {
      let timer: Timer | undefined;
      const end = () => {
        timer?.close();
        reject(signal.reason);
      };
      signal.addEventListener('abort', end, { once: true });
      timer = this.#options.clock.setTimer(() => {
        signal.removeEventListener('abort', end);
        resolve();
      }, delay);
    });
  }
}

/** Unique among the decisions of all processes: 96 bits. */
function newId(random: Random): string {
  const word = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return `msg_${word()}${word()}${word()}`;
}
