import type { EndpointConfig } from '../../core/endpoint.js';
import type { OpenChannel } from '../../core/transport.js';
import type { Replica } from '../replica/replica.js';
import { type ServerTerms, VirtualServer } from '../virtual/virtual-server.js';
import type { Replicated } from './fleet-spec.js';

/** A replica at its address. */
export interface FleetMember {
  readonly id: string;
  readonly config: EndpointConfig;
  readonly server: VirtualServer;
  readonly replica: Replica;
}

/** Who hears of members that join and leave: the part of a `LoadBalancer` that is used. */
export interface FleetListener {
  add(endpoint: EndpointConfig): void;
  drain(id: string): Promise<void>;
  remove(id: string): void;
}

/** All model servers of a simulation, those that have left included. */
export class Fleet {
  readonly #terms: ServerTerms;
  readonly #listeners: FleetListener[] = [];
  readonly #byId = new Map<string, FleetMember>();
  readonly #byUrl = new Map<string, VirtualServer>();

  constructor(terms: ServerTerms) {
    this.#terms = terms;
  }

  /** What the balancers use in place of sockets. */
  readonly openChannel: OpenChannel = (url) => {
    const { protocol, hostname, port } = new URL(url);
    const server = this.#byUrl.get(`${protocol}//${hostname}`);
    if (server === undefined) throw new RangeError(`No simulated server is at ${url}`);
    return server.open(port);
  };

  get members(): readonly FleetMember[] {
    return [...this.#byId.values()];
  }

  /** @throws RangeError for an unknown id */
  get(id: string): FleetMember {
    const member = this.#byId.get(id);
    if (member === undefined) throw new RangeError(`There is no replica ${id}`);
    return member;
  }

  /** Tells of members that join and leave from now on. */
  tell(listener: FleetListener): void {
    this.#listeners.push(listener);
  }

  /** A member that serves from the start. */
  begin(replica: Replicated, weight: number): void {
    this.#make(replica, weight).server.start(0);
  }

  /** A new member starts and loads its model; balancers hear of it as `FleetEvent` says. */
  join(replica: Replicated, weight: number): void {
    const { id, config, server } = this.#make(replica, weight);
    const announce = () => this.announce(id);
    const watched = config.healthPath !== undefined;
    server.start(replica.model.loadTime, watched ? undefined : announce);
    if (watched) announce();
  }

  /** Starts a member that balancers hear nothing of until `announce`. */
  prepare(replica: Replicated, weight: number, start: { time: number; ready: () => void }): void {
    this.#make(replica, weight).server.start(start.time, start.ready);
  }

  announce(id: string): void {
    const { config } = this.get(id);
    for (const listener of this.#listeners) listener.add(config);
  }

  /** Takes a member from the balancers and leaves it running; resolves when its streams have ended. */
  async withdraw(id: string): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.drain(id)));
    for (const listener of this.#listeners) listener.remove(id);
  }

  /** Resolves when its streams have ended. */
  async leave(id: string): Promise<void> {
    await this.withdraw(id);
    this.get(id).server.kill();
  }

  #make({ id, model, endpoint }: Replicated, weight: number): FleetMember {
    const url = `http://${id}.simulated`;
    const server = new VirtualServer(url, model, this.#terms);
    const member = { id, server, replica: server.replica, config: { ...endpoint, id, url, weight } };
    this.#byId.set(id, member);
    this.#byUrl.set(url, server);
    return member;
  }
}
