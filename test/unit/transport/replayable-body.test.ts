import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bufferBody, TOO_LARGE } from '../../../src/transport/replayable-body.js';

/** A source that writes down what becomes of it. After its chunks it ends, fails, or hangs. */
function source(chunks: readonly string[], last: 'ends' | 'hangs' | Error = 'ends') {
  const log: string[] = [];
  let index = 0;
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => {
      const chunk = chunks[index++];
      if (chunk !== undefined) {
        log.push(`gave ${chunk}`);
        return Promise.resolve({ done: false, value: Buffer.from(chunk) });
      }
      if (last instanceof Error) return Promise.reject(last);
      return last === 'ends' ? Promise.resolve({ done: true, value: undefined }) : new Promise(() => {});
    },
    return: () => {
      log.push('returned');
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { log, body: { [Symbol.asyncIterator]: () => iterator } };
}

describe('bufferBody', () => {
  it('joins the chunks', async () => {
    const { body, log } = source(['a', 'bc', '', 'd']);
    expect(Buffer.from((await bufferBody(body, 100, undefined)) as Uint8Array).toString()).toBe('abcd');
    expect(log).not.toContain('returned');
  });

  it('hands a single chunk on uncopied, and nothing as empty', async () => {
    const chunk = Buffer.from('x');
    async function* one() {
      yield chunk;
    }
    expect(await bufferBody(one(), 100, undefined)).toBe(chunk);
    expect(await bufferBody(source([]).body, 100, undefined)).toHaveLength(0);
  });

  it('takes as many bytes as the limit, and stops reading at one more', async () => {
    expect(await bufferBody(source(['abc', 'de']).body, 5, undefined)).toHaveLength(5);
    const { body, log } = source(['abc', 'def', 'never asked for']);
    expect(await bufferBody(body, 5, undefined)).toBe(TOO_LARGE);
    expect(log).toEqual(['gave abc', 'gave def', 'returned']);
  });

  it('leaves with the caller’s reason, tells the source, and leaves no listener', async () => {
    const controller = new AbortController();
    const { body, log } = source(['a'], 'hangs');
    const reading = bufferBody(body, 100, controller.signal);
    await Promise.resolve();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const reason = new Error('gone');
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(log).toContain('returned');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('does not begin to read for a caller who has left', async () => {
    const { body, log } = source(['a']);
    await expect(bufferBody(body, 100, AbortSignal.abort('gone'))).rejects.toBe('gone');
    expect(log).toEqual([]);
  });

  it('leaves no listener after a good end', async () => {
    const { signal } = new AbortController();
    await bufferBody(source(['a']).body, 100, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('passes on what the source throws', async () => {
    const mistake = new Error('disk');
    await expect(bufferBody(source(['a'], mistake).body, 100, undefined)).rejects.toBe(mistake);
  });

  it.each<[string, () => Promise<never>]>([
    ['hangs', () => new Promise(() => {})],
    ['fails', () => Promise.reject(new Error('late'))],
  ])('neither waits for nor minds a source that %s when it is told to stop', async (_, stop) => {
    const iterator = source(['abc']).body[Symbol.asyncIterator]();
    const body = { [Symbol.asyncIterator]: () => ({ next: () => iterator.next(), return: stop }) };
    expect(await bufferBody(body, 1, undefined)).toBe(TOO_LARGE);
  });
});
