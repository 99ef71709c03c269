import type { LoadBalancer } from '../balancer/load-balancer.js';

/** The part of an SDK client that is needed; `openai` and `@anthropic-ai/sdk` have it. */
export interface ConfigurableClient {
  /** Where the client sends to. */
  readonly baseURL: string;
  /** The same client with other options. */
  withOptions(options: {
    readonly baseURL: string;
    readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
    readonly maxRetries: number;
  }): unknown;
}

/**
 * A copy of a client that sends its requests through the balancer. It does not retry by itself, since the balancer
 * does. The path of its `baseURL` is kept (`/v1`), its origin is not: where a request goes is the balancer's to say.
 *
 * @example
 * const client = withBalancer(new OpenAI({ apiKey: 'unused' }), balancer);
 */
export function withBalancer<Client extends ConfigurableClient>(
  client: Client,
  balancer: Pick<LoadBalancer, 'baseURL' | 'fetch'>,
): Client {
  const { pathname } = new URL(client.baseURL);
  return client.withOptions({
    baseURL: new URL(pathname, balancer.baseURL).href.replace(/\/$/, ''),
    fetch: balancer.fetch,
    maxRetries: 0,
  }) as Client;
}
