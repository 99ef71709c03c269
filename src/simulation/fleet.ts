import type { EndpointConfig } from '../core/endpoint.js';
import type { OpenChannel } from '../core/transport.js';
import type { Replicated } from './fleet-spec.js';
import type { Replica } from './replica.js';
import { type ServerTerms, VirtualServer } from './virtual-server.js';

/** A replica at its address. */
export interface FleetMember {
  readonly id: string;
  readonly config: EndpointConfig;
  readonly server: VirtualServer;
  readonly replica: Replica;
}

/** All model servers of a simulation, those that have left included. */
export class Fleet {
  readonly #terms: ServerTerms;
  readonly #byId = new Map<string, FleetMember>();
  readonly #byUrl = new Map<string, VirtualServer>();

  constructor(terms: ServerTerms) {
    this.#terms = terms;
  }

  /** What the balancers use in place of sockets. */
  readonly openChannel: OpenChannel = (url) => {
    const server = this.#byUrl.get(url);
    if (server === undefined) throw new RangeError(`No simulated server is at ${url}`);
    return server.open();
  };

  /** Makes a server, not started yet. */
  add({ id, model, endpoint }: Replicated, weight: number): FleetMember {
    const url = `http://${id}.simulated`;
    const server = new VirtualServer(url, model, this.#terms);
    const member = { id, server, replica: server.replica, config: { ...endpoint, id, url, weight } };
    this.#byId.set(id, member);
    this.#byUrl.set(url, server);
    return member;
  }

  get(id: string): FleetMember | undefined {
    return this.#byId.get(id);
  }

  all(): readonly FleetMember[] {
    return [...this.#byId.values()];
  }
}
