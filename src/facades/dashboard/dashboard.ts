import { systemSecret } from '../../system.js';
import { type DashboardActions, startAction, TOKEN_HEADER } from './actions.js';
import { PAGE, PAGE_POLICY } from './built-page.js';
import { type DashboardSource, Feed, type Watcher } from './feed.js';
import type { DashboardSettings } from './options.js';

/** What is asked, whatever the framework. */
export interface DashboardRequest<Incoming> {
  readonly method: string;
  readonly query: URLSearchParams;
  /** A header's value, by its name in lower case. */
  header(name: string): string | undefined;
  /** The request as the user knows it. */
  readonly known: Incoming;
}

export interface DashboardReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body, or a stream that somebody is to be subscribed to. */
  readonly body: string | ((watcher: Watcher) => () => void);
}

const NO_AUTHORIZE = `The evenkeel dashboard is served without an authorize option in development only
(NODE_ENV is "development" or "test"). Say who may see it:

    dashboardHandler(balancer, { authorize: (request) => request.headers.authorization === … })
`;

/** Goes with everything: nothing here is for caches, other sites or guesses of types. */
const COMMON = {
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  vary: 'accept',
};

/** One address for everything: the page, its feed and a snapshot by what is accepted, actions by POST. */
export class Dashboard<Incoming> {
  readonly #balancer: DashboardSource & DashboardActions;
  readonly #settings: DashboardSettings<Incoming>;
  readonly #token: string | undefined;
  readonly #feed: Feed;

  constructor(balancer: DashboardSource & DashboardActions, settings: DashboardSettings<Incoming>) {
    this.#balancer = balancer;
    this.#settings = settings;
    this.#token = settings.actions ? systemSecret() : undefined;
    this.#feed = new Feed(balancer, { ...settings, token: this.#token });
  }

  /** @throws what `authorize` throws */
  async answer(request: DashboardRequest<Incoming>): Promise<DashboardReply> {
    const refused = await this.#refusal(request.known);
    if (refused !== undefined) return text(403, refused);
    if (request.method === 'POST') return this.#act(request);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { ...text(405, 'GET, HEAD and POST only\n'), headers: { ...COMMON, allow: 'GET, HEAD, POST' } };
    const accepted = request.header('accept') ?? '';
    if (accepted.includes('text/event-stream') && request.method === 'GET') {
      return {
        status: 200,
        // nginx would collect it.
        headers: { ...COMMON, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
        body: (watcher) => this.#feed.subscribe(watcher),
      };
    }
    if (accepted.includes('application/json')) {
      const headers = { ...COMMON, 'content-type': 'application/json; charset=utf-8' };
      return { status: 200, headers, body: JSON.stringify(this.#feed.now()) };
    }
    return {
      status: 200,
      headers: {
        ...COMMON,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': PAGE_POLICY,
        'x-frame-options': 'DENY',
      },
      body: PAGE,
    };
  }

  async #refusal(request: Incoming): Promise<string | undefined> {
    const { authorize } = this.#settings;
    if (authorize === undefined) {
      const { NODE_ENV } = process.env;
      return NODE_ENV === 'development' || NODE_ENV === 'test' ? undefined : NO_AUTHORIZE;
    }
    return (await authorize(request)) === true ? undefined : 'You may not see this dashboard.\n';
  }

  /** The token is read out of the feed, which no other origin can; the browser's own word is asked as well. */
  #act({ header, query }: DashboardRequest<Incoming>): DashboardReply {
    if (this.#token === undefined) return text(403, 'This dashboard is for looking only.\n');
    const site = header('sec-fetch-site') ?? 'same-origin';
    if (header(TOKEN_HEADER) !== this.#token || site !== 'same-origin')
      return text(403, `An action needs the feed's token in the header ${TOKEN_HEADER}.\n`);
    const known = this.#balancer.snapshot().endpoints.map(({ id }) => id);
    const answer = startAction(this.#balancer, known, query);
    return text(answer.status, `${answer.text}\n`);
  }
}

function text(status: number, body: string): DashboardReply {
  return { status, headers: { ...COMMON, 'content-type': 'text/plain; charset=utf-8' }, body };
}
