import type { BalancerEvent, BalancerHandlers } from '../core/events.js';
import type { InferenceRequest } from '../core/inference-request.js';
import { OUTCOME_RULES, type OutcomeKind } from '../core/outcome.js';
import type { ModelLabels } from './model-labels.js';

/** What one endpoint has been asked and has given. */
export interface EndpointTally {
  readonly attempts: Record<OutcomeKind, number>;
  /** Tokens: as the endpoint reported them; completions it did not report by their content events. */
  readonly tokens: { prompt: number; completion: number };
}

/** What the requests for one model are doing. */
export interface ModelTally {
  outstanding: number;
  /** Requests that had to wait for admission and were admitted, and for how long altogether, in ms. */
  queued: number;
  wait: number;
}

/**
 * Counts of one balancer as plain numbers: an addition costs a few nanoseconds, where a labelled counter of a
 * metrics library costs 0.4 us. They are read when someone asks for them.
 */
export class Tally {
  /** Requests by the status that the caller saw. */
  readonly requests = new Map<number, number>();
  /** Retries by what the attempt before them came to. */
  readonly retries = new Map<string, number>();
  /** Retries that were not made; there from the beginning, at zero. */
  readonly denials = { budget: 0, 'attempts-exhausted': 0, 'no-endpoint': 0 };
  /** Answers that broke off in the caller's hands. */
  broken = 0;
  /** Hedges by how they ended. */
  readonly hedges = new Map<string, number>();
  /** Seams: streams that broke off and went on. */
  resumed = 0;
  /** Endpoints that are in the balancer now. */
  readonly endpoints = new Map<string, EndpointTally>();
  /** By label. */
  readonly models = new Map<string, ModelTally>();
  readonly labels: ModelLabels;
  /** Attempts that were under way when the counting began, and have not ended since: they are not taken off. */
  #unseen: number;
  /** Attempts under way that were seen to begin; kept only while there are others. */
  readonly #begun = new Map<InferenceRequest, number>();

  /** @param underWay attempts that have begun already */
  constructor(labels: ModelLabels, underWay: number) {
    this.labels = labels;
    // Where nothing is counted by model, no attempt is seen to begin.
    this.#unseen = labels.named.size > 0 ? underWay : 0;
    // There from the beginning, at zero.
    for (const model of labels.named) this.models.set(model, { outstanding: 0, queued: 0, wait: 0 });
  }

  add(endpoint: string): void {
    const attempts = Object.fromEntries(Object.keys(OUTCOME_RULES).map((kind) => [kind, 0]));
    this.endpoints.set(endpoint, {
      attempts: attempts as Record<OutcomeKind, number>,
      tokens: { prompt: 0, completion: 0 },
    });
  }

  /** What it counts by; it wants no event that counts nothing. */
  get handlers(): BalancerHandlers {
    const byModel: BalancerHandlers = {
      'attempt-started': ({ request }) => this.#count(request, 1),
      'request-dequeued': (event) => this.#dequeued(event),
    };
    return {
      ...(this.labels.named.size > 0 && byModel),
      'request-finished': ({ status, outcome }) => {
        increase(this.requests, status);
        if (status < 400 && outcome === 'fault') this.broken++;
      },
      retry: ({ reason }) => increase(this.retries, reason),
      'retry-denied': ({ reason }) => {
        this.denials[reason]++;
      },
      'hedge-settled': ({ result }) => increase(this.hedges, result),
      'stream-resumed': () => {
        this.resumed++;
      },
      'attempt-settled': (event) => this.#settled(event),
      'endpoint-added': ({ endpoint }) => this.add(endpoint),
      'endpoint-removed': ({ endpoint }) => {
        this.endpoints.delete(endpoint);
      },
    };
  }

  #dequeued({ request, wait }: BalancerEvent & { type: 'request-dequeued' }): void {
    const model = this.#model(request);
    if (model === undefined) return;
    model.queued++;
    model.wait += wait;
  }

  #count(request: InferenceRequest, by: 1 | -1): void {
    if (this.#unseen > 0 && !this.#seen(request, by)) return;
    const model = this.#model(request);
    if (model !== undefined) model.outstanding += by;
  }

  /** Whether the attempt that begins or ends was seen to begin. */
  #seen(request: InferenceRequest, by: 1 | -1): boolean {
    const begun = (this.#begun.get(request) ?? 0) + by;
    if (begun > 0) this.#begun.set(request, begun);
    else this.#begun.delete(request);
    if (begun < 0 && --this.#unseen === 0) this.#begun.clear();
    return begun >= 0;
  }

  #model({ model }: InferenceRequest): ModelTally | undefined {
    const label = this.labels.of(model);
    if (label === undefined) return undefined;
    let tally = this.models.get(label);
    if (tally === undefined) {
      tally = { outstanding: 0, queued: 0, wait: 0 };
      this.models.set(label, tally);
    }
    return tally;
  }

  #settled({
    request,
    endpoint,
    outcome,
    usage,
    contentEvents,
  }: BalancerEvent & { type: 'attempt-settled' }): void {
    this.#count(request, -1);
    // An endpoint that was removed finishes its streams; its counts have gone with it.
    const tally = this.endpoints.get(endpoint);
    if (tally === undefined) return;
    tally.attempts[outcome.kind]++;
    tally.tokens.prompt += usage?.prompt ?? 0;
    tally.tokens.completion += usage?.completion ?? contentEvents;
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
