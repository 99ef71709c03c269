import type { AddressInfo } from 'node:net';
import dns2 from 'dns2';

const { Packet } = dns2;

/** dns2 shortens the target of an SRV record by a pointer, which RFC 2782 forbids and c-ares of Node 24 refuses. */
const { SRV: shortening } = Packet.Resource as unknown as {
  readonly SRV: { encode(record: object, writer: { names?: unknown }): void };
};
const { encode } = shortening;
shortening.encode = (record, writer) => {
  const { names } = writer;
  writer.names = undefined;
  encode(record, writer);
  writer.names = names;
};

const NXDOMAIN = 3;
const SERVFAIL = 2;

interface Srv {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** What is known of one name. */
interface Zone {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly srv?: readonly Srv[];
  /** Seconds. */
  readonly ttl?: number;
}

/** A real DNS server on loopback, whose zones the test changes at will. A name that it does not know is NXDOMAIN. */
export class DnsServer implements AsyncDisposable {
  readonly #server = dns2.createUDPServer((request, send) => send(this.#answer(request)));
  readonly zones = new Map<string, Zone>();
  /** Answers SERVFAIL to everything. */
  failing = false;
  /** Questions so far, as in `A llm.test`. */
  readonly questions: string[] = [];

  static async start(zones: Readonly<Record<string, Zone>> = {}): Promise<DnsServer> {
    const server = new DnsServer();
    for (const [name, zone] of Object.entries(zones)) server.zones.set(name, zone);
    await server.#server.listen(0, '127.0.0.1');
    return server;
  }

  /** `127.0.0.1:port` */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: dns2.Packet): dns2.Packet {
    const response = Packet.createResponseFromRequest(request);
    const question = request.questions[0];
    if (question === undefined) return response;
    const { name, type } = question;
    const kind = type === Packet.TYPE.A ? 'A' : type === Packet.TYPE.AAAA ? 'AAAA' : 'SRV';
    this.questions.push(`${kind} ${name}`);
    const zone = this.zones.get(name.toLowerCase());
    if (this.failing || zone === undefined) {
      response.header.rcode = this.failing ? SERVFAIL : NXDOMAIN;
      return response;
    }
    const common = { name, type, class: Packet.CLASS.IN, ttl: zone.ttl ?? 1 };
    if (kind === 'SRV') {
      for (const { target, port, priority = 0, weight = 0 } of zone.srv ?? [])
        response.answers.push({ ...common, target, port, priority, weight } as dns2.Packet.Resource);
    } else {
      for (const address of (kind === 'A' ? zone.a : zone.aaaa) ?? [])
        response.answers.push({ ...common, address } as dns2.Packet.Resource);
    }
    return response;
  }
}
