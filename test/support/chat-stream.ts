import { sseData } from './raw-call.js';

type Chunk = Readonly<Record<string, unknown>> & {
  readonly choices?: readonly {
    readonly delta?: { readonly role?: string; readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: Readonly<Record<string, number>> | null;
};

/** A chat completion stream as a client takes it apart. */
export function readChatStream(body: string) {
  const data = sseData(body);
  const chunks = data.filter((one) => one !== '[DONE]') as Chunk[];
  const choices = chunks.flatMap(({ choices = [] }) => choices);
  const of = (key: string) => [...new Set(chunks.map((chunk) => chunk[key]))];
  return {
    text: choices.map(({ delta }) => delta?.content ?? '').join(''),
    roles: choices.filter(({ delta }) => delta?.role !== undefined).length,
    finishes: choices.flatMap(({ finish_reason }) => finish_reason ?? []),
    dones: data.filter((one) => one === '[DONE]').length,
    doneLast: data.at(-1) === '[DONE]',
    ids: of('id'),
    models: of('model'),
    fingerprints: of('system_fingerprint'),
    usages: chunks.flatMap(({ usage }) => (usage ? [usage] : [])),
  };
}

/** A whole answer with no sign of a seam in it. */
export function seamless(text: string, finish = 'stop') {
  return { text, roles: 1, finishes: [finish], dones: 1, doneLast: true };
}
