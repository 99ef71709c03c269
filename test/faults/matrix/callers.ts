import type { IncomingHttpHeaders } from 'node:http';
import { isEvenkeelError, type LoadBalancer } from 'evenkeel';
import { BalancedDispatcher } from 'evenkeel/dispatcher';
import { withBalancer } from 'evenkeel/openai';
import OpenAI, { APIError } from 'openai';
import { request } from 'undici';
import { readChatStream } from '../../support/chat-stream.js';
import { Call } from '../../support/facade-rig.js';
import { SERVED_FACADES } from '../../support/served-facades.js';

/** How an answer ended for who asked, before it is judged. */
export interface Sight {
  /** `undefined` when there was no answer at all. */
  readonly status: number | undefined;
  /** The `code` of an error in OpenAI's shape. */
  readonly code: string | undefined;
  /** Made by the balancer, not by an endpoint. */
  readonly own: boolean;
  /** The answer's text, as far as it came. */
  readonly text: string;
  /** The endpoint's own error, inside an answer of status 200. */
  readonly told: boolean;
  /** The answer came to a proper end, in HTTP and in the protocol. */
  readonly whole: boolean;
  /** HTTP said that the body was over. */
  readonly ended: boolean;
  /** What the call, or reading the answer, failed with. */
  readonly error: string | undefined;
}

/** One request under way. */
export interface Asking {
  readonly sight: Promise<Sight>;
  /** Grows with everything that comes. */
  readonly received: number;
  leave(): void;
}

export interface Caller extends AsyncDisposable {
  ask(asks: 'stream' | 'plain'): Asking;
}

export type FacadeName = 'fetch' | 'web' | 'Express' | 'Fastify' | 'openai' | 'dispatcher';

const PATH = '/v1/chat/completions';
const MESSAGES = [{ role: 'user' as const, content: 'Hello' }];
export const LEFT = 'the caller has left';

function body(asks: 'stream' | 'plain'): string {
  return JSON.stringify({ model: 'mock-model', messages: MESSAGES, stream: asks === 'stream' });
}

/** Every way in, as its users call it. */
export const FACADES: Readonly<Record<FacadeName, (balancer: LoadBalancer) => Promise<Caller>>> = {
  fetch: async (balancer) => ({
    ask: (asks) =>
      watch(async (progress, signal) => {
        const headers = { 'content-type': 'application/json' };
        const answer = await balancer.fetch(PATH, { method: 'POST', headers, body: body(asks), signal });
        progress.head(answer.status, Object.fromEntries(answer.headers));
        await progress.read(answer.body ?? []);
      }, asks),
    [Symbol.asyncDispose]: async () => {},
  }),
  dispatcher: async (balancer) => {
    const dispatcher = new BalancedDispatcher(balancer);
    return {
      ask: (asks) =>
        watch(async (progress, signal) => {
          const headers = { 'content-type': 'application/json' };
          const options = { method: 'POST', headers, body: body(asks), signal, dispatcher } as const;
          const answer = await request(`http://any${PATH}`, options);
          progress.head(answer.statusCode, answer.headers);
          await progress.read(answer.body);
        }, asks),
      [Symbol.asyncDispose]: () => dispatcher.close(),
    };
  },
  openai: async (balancer) => {
    const client = withBalancer(new OpenAI({ apiKey: 'unused' }), balancer);
    return {
      ask: (asks) => askOpenAi(client, asks),
      [Symbol.asyncDispose]: async () => {},
    };
  },
  web: (balancer) => served('web', balancer),
  Express: (balancer) => served('Express', balancer),
  Fastify: (balancer) => served('Fastify', balancer),
};

/** A server of the framework, and plain `node:http` before it. */
async function served(name: keyof typeof SERVED_FACADES, balancer: LoadBalancer): Promise<Caller> {
  const site = await SERVED_FACADES[name](balancer);
  return {
    ask: (asks) => {
      const call = new Call(`${site.url}${PATH}`, { body: body(asks) });
      let status: number | undefined;
      let headers: IncomingHttpHeaders = {};
      void call.head.then((head) => {
        status = head.statusCode;
        headers = head.headers;
      });
      return {
        sight: call.over.then(() => {
          // A reset and a connection that closes in the middle are the same to a reader: the end is missing.
          const error = call.ended ? undefined : 'the connection closed';
          return seen({ asks, status, headers, text: call.text, ended: call.ended, error });
        }),
        get received() {
          return call.text.length + (status ?? 0);
        },
        leave: () => call.leave(),
      };
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

interface Progress {
  head(status: number, headers: Readonly<Record<string, unknown>>): void;
  read(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
}

function watch(
  call: (progress: Progress, signal: AbortSignal) => Promise<void>,
  asks: 'stream' | 'plain',
): Asking {
  const leaving = new AbortController();
  let status: number | undefined;
  let headers: Readonly<Record<string, unknown>> = {};
  let text = '';
  const progress: Progress = {
    head(first, second) {
      status = first;
      headers = second;
    },
    async read(body) {
      const decoder = new TextDecoder();
      for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
    },
  };
  const sight = call(progress, leaving.signal).then(
    () => seen({ asks, status, headers, text, ended: true, error: undefined }),
    (error: unknown) => seen({ asks, status, headers, text, ended: false, error: nameOf(error) }),
  );
  return {
    sight,
    get received() {
      return text.length + (status ?? 0);
    },
    leave: () => leaving.abort(new Error(LEFT)),
  };
}

function askOpenAi(client: OpenAI, asks: 'stream' | 'plain'): Asking {
  const leaving = new AbortController();
  const { signal } = leaving;
  let text = '';
  let finished = false;
  const ask = async (): Promise<Sight> => {
    const base = { status: 200, code: undefined, own: false, told: false, error: undefined };
    const asked = { model: 'mock-model', messages: MESSAGES };
    try {
      if (asks === 'plain') {
        const answer = await client.chat.completions.create(asked, { signal });
        const [choice] = answer.choices ?? [];
        text = choice?.message.content ?? '';
        const told = 'error' in answer || (choice?.finish_reason as string) === 'abort';
        return { ...base, text, told, whole: choice !== undefined, ended: true };
      }
      const stream = await client.chat.completions.create({ ...asked, stream: true }, { signal });
      for await (const { choices } of stream) {
        text += choices[0]?.delta.content ?? '';
        if (typeof choices[0]?.finish_reason === 'string') finished = true;
      }
      // The client ends its loop without a word when its own signal aborts.
      if (signal.aborted) return { ...base, text, whole: false, ended: false };
      return { ...base, text, whole: finished, ended: true };
    } catch (error) {
      const status = error instanceof APIError ? error.status : undefined;
      if (error instanceof APIError && status !== undefined) {
        const own = error.headers?.get('x-should-retry') === 'false';
        const code = error.code ?? undefined;
        return { ...base, status, code, own, text, whole: false, ended: true, error: nameOf(error) };
      }
      // An error event is an APIError without a status.
      const told = error instanceof APIError && error.error !== undefined;
      return { ...base, told, text, whole: false, ended: told, error: nameOf(error) };
    }
  };
  return {
    sight: ask(),
    get received() {
      return text.length;
    },
    leave: () => leaving.abort(new Error(LEFT)),
  };
}

/** The code of one of ours, the class of any other; the caller's own reason by its words. */
function nameOf(error: unknown): string {
  if (isEvenkeelError(error)) return error.code;
  if (!(error instanceof Error)) return String(error);
  return error.message === LEFT ? LEFT : error.constructor.name;
}

interface RawSight {
  readonly asks: 'stream' | 'plain';
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly ended: boolean;
  readonly error: string | undefined;
}

/** Reads an answer as a strict client would. */
function seen({ asks, status, headers, text, ended, error }: RawSight): Sight {
  const sight = { status, ended, error, own: headers['x-should-retry'] === 'false', code: undefined };
  if (status === undefined || status >= 400) {
    const code = ended ? (tryJson(text)?.error as { code?: string } | undefined)?.code : undefined;
    return { ...sight, code, text: '', told: false, whole: false };
  }
  if (asks === 'plain') {
    const json = ended ? (tryJson(text) as { error?: object; choices?: Choice[] } | undefined) : undefined;
    const [choice] = json?.choices ?? [];
    const told = json?.error !== undefined || choice?.finish_reason === 'abort';
    return { ...sight, text: choice?.message.content ?? '', told, whole: choice !== undefined };
  }
  try {
    const stream = readChatStream(text);
    const whole = ended && stream.doneLast && stream.finishes.length === 1;
    return { ...sight, text: stream.text, told: text.includes('data: {"error"'), whole };
  } catch {
    // Broken JSON in the middle of the stream.
    return { ...sight, text: '', told: false, whole: false };
  }
}

interface Choice {
  readonly finish_reason: string;
  readonly message: { readonly content: string };
}

function tryJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
