import type { Timer } from '../../core/clock.js';
import type { TransportCall } from '../../core/transport.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import { endpointPath } from '../endpoint-path.js';
import type { Engine } from '../engine/engine.js';
import type { DiscoverModelsOptions } from '../options/model-list-options.js';
import { callEndpoint, type EndpointAnswer } from './call-endpoint.js';
import type { Follower } from './membership.js';
import { openGate } from './open-gate.js';

const LONGEST_LIST = 4 * 1024 * 1024;
/** Servers that have no such list say so by one of these. */
const NO_LIST = new Set([404, 405, 501]);
/** A list that could not be had is asked for again after so long, in ms. */
const RETRY = 5_000;

interface Inquiry {
  timer: Timer | undefined;
  call: TransportCall | undefined;
  /** It was not had at once. */
  late: boolean;
}

/**
 * Asks endpoints without `models` which they serve, with `discoverModels`. An endpoint gets nothing before its list
 * is known, or known not to exist; a list that cannot be had later stays as it was.
 */
export class ModelLists implements Follower {
  readonly #engine: Engine;
  readonly #options: DiscoverModelsOptions | undefined;
  readonly #inquiries = new Map<EndpointState, Inquiry>();
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#options = engine.options.discoverModels;
  }

  review(): void {
    if (this.#options === undefined || this.#closed) return;
    for (const endpoint of this.#engine.endpoints.members) {
      const wanted = endpoint.description.models === undefined;
      if (!wanted) this.forget(endpoint);
      else if (!this.#inquiries.has(endpoint)) {
        const inquiry: Inquiry = { timer: undefined, call: undefined, late: false };
        this.#inquiries.set(endpoint, inquiry);
        this.#askIn(0, endpoint, inquiry, this.#options);
      }
    }
  }

  forget(endpoint: EndpointState): void {
    const inquiry = this.#inquiries.get(endpoint);
    if (inquiry === undefined) return;
    inquiry.timer?.close();
    inquiry.call?.abort();
    this.#inquiries.delete(endpoint);
  }

  close(): void {
    this.#closed = true;
    for (const endpoint of [...this.#inquiries.keys()]) this.forget(endpoint);
  }

  #askIn(delay: number, endpoint: EndpointState, inquiry: Inquiry, options: DiscoverModelsOptions): void {
    inquiry.timer = this.#engine.clock.setTimer(() => this.#ask(endpoint, inquiry, options), delay);
    inquiry.timer.unref?.();
  }

  #ask(endpoint: EndpointState, inquiry: Inquiry, options: DiscoverModelsOptions): void {
    const { clock, random } = this.#engine;
    let over = false;
    const done = (answer: EndpointAnswer | undefined) => {
      if (over || this.#inquiries.get(endpoint) !== inquiry) return;
      over = true;
      inquiry.timer?.close();
      inquiry.call = undefined;
      const had = this.#learn(endpoint, inquiry, answer);
      const wait = had ? options.interval : Math.min(RETRY, options.interval);
      this.#askIn(wait * (0.8 + 0.2 * random()), endpoint, inquiry, options);
    };
    inquiry.timer = clock.setTimer(() => {
      inquiry.call?.abort();
      done(undefined);
    }, options.timeout);
    inquiry.timer.unref?.();
    const path = endpointPath(endpoint.basePath, options.path);
    const call = callEndpoint(endpoint, { method: 'GET', path, longest: LONGEST_LIST }, done);
    if (!over) inquiry.call = call;
  }

  /** @returns false when it is still not known */
  #learn(endpoint: EndpointState, inquiry: Inquiry, answer: EndpointAnswer | undefined): boolean {
    const none = answer !== undefined && NO_LIST.has(answer.status);
    const models = answer?.status === 200 ? readModels(answer.text) : undefined;
    if (models === undefined && !none) {
      inquiry.late = true;
      return false;
    }
    const first = endpoint.lifecycle.isShut('models');
    const before = endpoint.models;
    endpoint.learn(models);
    openGate(this.#engine, endpoint, 'models', first && inquiry.late);
    if (first || !same(before, endpoint.models)) {
      this.#engine.observers.tell({ type: 'endpoint-models', endpoint: endpoint.id, models });
    }
    this.#engine.changed(endpoint);
    return true;
  }
}

/** OpenAI's list, `{ data: [{ id }] }`, and Ollama's, `{ models: [{ name }] }`. */
function readModels(text: string): readonly string[] | undefined {
  let list: unknown;
  try {
    const { data, models } = JSON.parse(text) as { readonly data?: unknown; readonly models?: unknown };
    list = data ?? models;
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((entry: { readonly id?: unknown; readonly name?: unknown } | null) => {
    const name = entry?.id ?? entry?.name;
    return typeof name === 'string' && name !== '' ? [name] : [];
  });
}

function same(
  one: ReadonlyMap<string, string> | undefined,
  other: ReadonlyMap<string, string> | undefined,
): boolean {
  return [...(one?.keys() ?? ['?'])].sort().join('\n') === [...(other?.keys() ?? ['?'])].sort().join('\n');
}
