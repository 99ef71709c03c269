import { Agent, type IncomingMessage, request } from 'node:http';
import type { LoadBalancer } from 'evenkeel';
import { webHandler } from 'evenkeel/web';
import type { Random } from '../../src/core/clock.js';
import { type Ending, judge } from './verdict.js';

const PATH = '/v1/chat/completions';

/** What a caller does with its request. */
interface Manner {
  readonly stream: boolean;
  /** Leaves: 0 before the headers, 1 at them, n after n - 1 chunks; `undefined`: stays to the end. */
  readonly leavesAt: number | undefined;
  /** Milliseconds between the chunks it takes. */
  readonly pause: number;
  /** Throws the answer away unread. */
  readonly abandons: boolean;
}

function mannerOf(random: Random): Manner {
  return {
    stream: random() < 0.7,
    leavesAt: random() < 0.2 ? Math.floor(random() * 5) : undefined,
    pause: random() < 0.1 ? Math.ceil(random() * 8) : 0,
    abandons: random() < 0.04,
  };
}

function bodyOf({ stream }: Manner): string {
  return JSON.stringify({ model: 'mock-model', stream, messages: [{ role: 'user', content: 'Hello' }] });
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Ends in one of the allowed ways, or throws. */
export type Caller = (random: Random) => Promise<Ending>;

/** Waits so many milliseconds; of which time, is for the soak to say. */
type Rest = (ms: number) => Promise<void>;

interface ReadingTerms {
  readonly manner: Manner;
  readonly controller: AbortController;
  readonly expected: string;
  readonly wait: Rest;
}

/** Reads a Response as its manner says. */
async function readResponse(asked: Promise<Response>, terms: ReadingTerms): Promise<Ending> {
  const { manner, controller, expected, wait } = terms;
  const { leavesAt, pause, abandons, stream } = manner;
  if (leavesAt === 0) controller.abort();
  let response: Response;
  try {
    response = await asked;
  } catch (error) {
    if (controller.signal.aborted && error === controller.signal.reason) return 'left';
    throw error;
  }
  if (abandons) return 'left';
  if (leavesAt === 1) controller.abort();
  const decoder = new TextDecoder();
  let text = '';
  let chunks = 0;
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (leavesAt !== undefined && ++chunks >= leavesAt - 1) controller.abort();
      if (pause > 0) await wait(pause);
    }
  } catch (error) {
    if (controller.signal.aborted) return 'left';
    return judge({ status: response.status, stream, text, error }, expected);
  }
  // The facade's answer to a caller that left.
  if (response.status === 499 && controller.signal.aborted) return 'left';
  if (leavesAt !== undefined) return 'left';
  return judge({ status: response.status, stream, text }, expected);
}

/** Callers of `fetch`, as an application makes them. */
export function fetchCaller(balancer: LoadBalancer, expected: string, wait: Rest = rest): Caller {
  return (random) => {
    const manner = mannerOf(random);
    const controller = new AbortController();
    const asked = balancer.fetch(PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bodyOf(manner),
      signal: controller.signal,
      evenkeel: { priority: Math.floor(random() * 3) },
    });
    return readResponse(asked, { manner, controller, expected, wait });
  };
}

/** Callers of a web handler. */
export function webCaller(balancer: LoadBalancer, expected: string): Caller {
  const handler = webHandler(balancer);
  return (random) => {
    const manner = mannerOf(random);
    const controller = new AbortController();
    const asked = handler(
      new Request(`http://app${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bodyOf(manner),
        signal: controller.signal,
      }),
    );
    return readResponse(asked, { manner, controller, expected, wait: rest });
  };
}

/** Callers of a server with a facade in it, over sockets. */
export function httpCaller(url: string, expected: string): { call: Caller; close(): void } {
  const agent = new Agent({ keepAlive: true });
  const call: Caller = (random) => {
    const manner = mannerOf(random);
    return new Promise((resolve, reject) => {
      const asked = request(`${url}${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        agent,
      });
      let left = false;
      const leave = () => {
        left = true;
        asked.destroy();
        resolve('left');
      };
      const settle = (response: IncomingMessage | undefined, text: string, error?: unknown) => {
        if (left) return;
        try {
          resolve(judge({ status: response?.statusCode ?? 0, stream: manner.stream, text, error }, expected));
        } catch (problem) {
          reject(problem);
        }
      };
      asked.on('error', (error) => settle(undefined, '', error));
      asked.on('response', (response) => {
        if (manner.leavesAt === 1 || manner.abandons) return leave();
        let text = '';
        let chunks = 0;
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (manner.leavesAt !== undefined && ++chunks >= manner.leavesAt - 1) return leave();
          if (manner.pause > 0) {
            response.pause();
            setTimeout(() => response.resume(), manner.pause);
          }
        });
        response.on('error', (error) => settle(response, text, error));
        response.on('end', () => settle(response, text));
      });
      asked.end(bodyOf(manner));
      if (manner.leavesAt === 0) setImmediate(leave);
    });
  };
  return { call, close: () => agent.destroy() };
}
