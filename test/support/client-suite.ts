import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { LoadBalancer } from '../../src/index.js';
import { Fleet } from './fleet.js';

/** A real client, seen the same way as all others. */
export interface ClientUnderTest {
  readonly name: string;
  /** The client as a user would make it, over `fetch`. */
  connect(fetch: LoadBalancer['fetch'], baseURL: string): ConnectedClient;
  /** Does a consumer that stops reading stop the stream? Otherwise it is read on, or thrown away. */
  readonly breakStops: boolean;
  readonly takesSignal: boolean;
  /** Whether the error is the client's own type for status 400. */
  isBadRequest(error: unknown): boolean;
  /** Whether the error is the client's own type for status 502. */
  isBadGateway(error: unknown): boolean;
}

export interface ConnectedClient {
  whole(): Promise<string>;
  /** Pieces of text. Throws what the client throws. */
  stream(signal?: AbortSignal): AsyncIterable<string>;
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`ended well, with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** What every client must be able to do through a balancer, and leave nothing behind. */
export function describeClient(subject: ClientUnderTest): void {
  const start = async () => {
    const fleet = await Fleet.start({
      servers: [{ multibyte: true }, { multibyte: true }],
      retry: { backoff: { base: 0, cap: 0 } },
    });
    const calls = { count: 0 };
    const client = subject.connect((input, init) => {
      calls.count++;
      return fleet.balancer.fetch(input, init);
    }, fleet.balancer.baseURL);
    return { fleet, client, calls };
  };

  describe(`${subject.name} through a balancer`, () => {
    it('gets a whole answer', async () => {
      const { fleet, client } = await start();
      await using _ = fleet;
      expect(await client.whole()).toBe(fleet.server(0).completionText());
      await fleet.settled();
    });

    it('streams the full text', async () => {
      const { fleet, client } = await start();
      await using _ = fleet;
      expect(await textOf(client.stream())).toBe(fleet.server(0).completionText());
      expect(fleet.of('first-token')).toHaveLength(1);
      await fleet.settled();
      expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([{ kind: 'success' }]);
    });

    it('streams the full text from the other server when the first one breaks off before any content', async () => {
      const { fleet, client, calls } = await start();
      await using _ = fleet;
      let broken = 0;
      for (const server of fleet.servers) {
        server.faultWith(() => (broken++ === 0 ? { kind: 'cut', after: 0 } : undefined));
      }
      expect(await textOf(client.stream())).toBe(fleet.server(0).completionText());
      expect(fleet.servers.map(({ stats }) => stats.requests)).toEqual([1, 1]);
      expect(calls.count).toBe(1);
      await fleet.settled();
    });

    if (subject.breakStops) {
      it('stops the server when its consumer stops reading', async () => {
        const { fleet, client } = await start();
        await using _ = fleet;
        for (const server of fleet.servers) server.fault = { kind: 'stall', after: 3 };
        for await (const piece of client.stream()) {
          if (piece !== '') break;
        }
        await Promise.any(fleet.servers.map((server) => server.waitFor(({ aborted }) => aborted === 1)));
        await fleet.settled();
        expect(fleet.of('attempt-settled').map(({ outcome }) => outcome)).toEqual([
          { kind: 'neutral', reason: 'caller-left' },
        ]);
      });
    }

    if (subject.takesSignal) {
      it('stops the server when its signal aborts in the middle of a stream', async () => {
        const { fleet, client } = await start();
        await using _ = fleet;
        for (const server of fleet.servers) server.fault = { kind: 'stall', after: 3 };
        const controller = new AbortController();
        const reading = (async () => {
          for await (const piece of client.stream(controller.signal)) if (piece !== '') controller.abort();
        })();
        // Clients differ here: some throw, some end their stream. The server has to see it either way.
        await reading.catch(() => {});
        await Promise.any(fleet.servers.map((server) => server.waitFor(({ aborted }) => aborted === 1)));
        await fleet.settled();
        expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      });
    }

    it('gets its own type of error for a request that the server rejects, after one attempt', async () => {
      const { fleet, client, calls } = await start();
      await using _ = fleet;
      for (const server of fleet.servers) server.fault = { kind: 'status', status: 400 };
      const error = await errorOf(client.whole());
      expect(subject.isBadRequest(error), String(error)).toBe(true);
      expect({ calls: calls.count, served: fleet.served }).toEqual({ calls: 1, served: 1 });
      await fleet.settled();
    });

    it('gets its own type of error when every endpoint is down, and does not try again on top', async () => {
      const { fleet, client, calls } = await start();
      await using _ = fleet;
      for (const server of fleet.servers) server.fault = { kind: 'refuse' };
      await Promise.all(fleet.servers.map((server) => server.ready()));
      const error = await errorOf(client.whole());
      expect(subject.isBadGateway(error), String(error)).toBe(true);
      expect(calls.count).toBe(1);
      expect(fleet.of('attempt-started')).toHaveLength(3);
      await fleet.settled();
    });

    it('sees a stream that breaks off as an error, never as an end', async () => {
      const { fleet, client } = await start();
      await using _ = fleet;
      for (const server of fleet.servers) server.fault = { kind: 'cut', after: 3 };
      let seen = '';
      const error = await errorOf(
        (async () => {
          for await (const piece of client.stream()) seen += piece;
        })(),
      );
      expect(error).toBeInstanceOf(Error);
      expect(seen).toBe(fleet.server(0).completionText(3));
      expect(fleet.served).toBe(1);
      await fleet.settled();
    });

    it('sees a stream that ends without its terminator as an error', async () => {
      const { fleet, client } = await start();
      await using _ = fleet;
      for (const server of fleet.servers) server.fault = { kind: 'end-early', after: 3 };
      expect(await errorOf(textOf(client.stream()))).toBeInstanceOf(Error);
      await fleet.settled();
    });
  });
}
