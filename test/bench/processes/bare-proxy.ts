import type { RequestListener, ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

/** Headers that belong to one connection. */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect', 'upgrade'];

interface Place {
  readonly pool: Pool;
  outstanding: number;
}

/** The pick that ratios are held against: least outstanding over bare pools, no health, no retries. */
export function leastOutstandingPools(urls: readonly string[]): () => Place {
  const places: readonly Place[] = urls.map((url) => ({ pool: new Pool(url), outstanding: 0 }));
  let turn = 0;
  return () => {
    let least: Place | undefined;
    turn++;
    for (let step = 0; step < places.length; step++) {
      const place = places[(turn + step) % places.length];
      if (place !== undefined && (least === undefined || place.outstanding < least.outstanding))
        least = place;
    }
    if (least === undefined) throw new Error('No endpoints');
    least.outstanding++;
    return least;
  };
}

/** The least that a Node proxy can be: `node:http`, the body in memory, `Pool.dispatch`, and nothing else. */
export function bareProxy(urls: readonly string[]): RequestListener {
  const pick = leastOutstandingPools(urls);
  return (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      const place = pick();
      place.pool.dispatch(
        { method: 'POST', path: request.url ?? '/', headers: endToEnd(request.headers), body },
        new Passing(response, () => place.outstanding--),
      );
    });
  };
}

/** Passes an answer on, piece by piece. */
class Passing implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #over: () => void;

  constructor(response: ServerResponse, over: () => void) {
    this.#response = response;
    this.#over = over;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.on('close', () => {
      if (!this.#response.writableEnded) controller.abort(new Error('The caller has left'));
    });
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#response.writeHead(status, endToEnd(headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#response.write(piece)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#over();
    this.#response.end();
  }

  onResponseError(): void {
    this.#over();
    this.#response.destroy();
  }
}

function endToEnd<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  const kept = { ...headers };
  for (const name of OF_THE_CONNECTION) delete kept[name];
  return kept;
}
