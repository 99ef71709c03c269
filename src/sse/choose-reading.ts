import type { ResponseHeaders } from '../core/transport.js';
import { JsonWatch } from './json-watch.js';
import { NdjsonTap } from './ndjson-tap.js';
import { SseTap } from './sse-tap.js';
import { StreamWatch } from './stream-watch.js';

/** How a body is read before it is passed on. */
export interface Reading {
  /** Watches a stream; `undefined` for any other body. */
  readonly watch: StreamWatch | undefined;
  /** Wait for the whole body, up to the limit: a cut answer can then still be repeated elsewhere. */
  readonly collect: boolean;
  /** The body must look like JSON. */
  readonly json: JsonWatch | undefined;
}

const OPAQUE: Reading = { watch: undefined, collect: false, json: undefined };
const COLLECTED: Reading = { watch: undefined, collect: true, json: undefined };

/**
 * Streams are watched; JSON and every error answer are collected; other bodies (audio, files) pass as they come.
 * A compressed body is opaque.
 */
export function chooseReading(
  status: number,
  headers: ResponseHeaders,
  asked: { readonly streaming: boolean; readonly inference: boolean },
): Reading {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return OPAQUE;
  if (status >= 300) return COLLECTED;
  if (status === 204) return OPAQUE;
  const type = String(headers['content-type'] ?? '').toLowerCase();
  if (type.startsWith('text/event-stream')) return streamed(new SseTap());
  if (type.startsWith('application/x-ndjson') || type.startsWith('application/jsonl')) {
    return streamed(new NdjsonTap());
  }
  if (type.startsWith('application/json') || type.includes('+json')) return collectedJson(asked.inference);
  if (!asked.inference) return OPAQUE;
  // Some servers stream events as text/plain or without a type; anything else here is not an answer.
  return asked.streaming ? streamed(new SseTap()) : collectedJson(asked.inference);
}

function streamed(tap: SseTap | NdjsonTap): Reading {
  return { watch: new StreamWatch(tap), collect: false, json: undefined };
}

function collectedJson(inference: boolean): Reading {
  return { watch: undefined, collect: true, json: new JsonWatch(inference) };
}
