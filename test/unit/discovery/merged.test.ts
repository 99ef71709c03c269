import { describe, expect, it } from 'vitest';
import type { DiscoveryListener, DiscoverySource } from '../../../src/core/discovery.js';
import type { EndpointConfig } from '../../../src/core/endpoint.js';
import { merged } from '../../../src/discovery/merged.js';
import { InvalidOptionError } from '../../../src/errors.js';

const on = (host: string) => ({ url: `http://${host}.test` });
const [a, b, c] = [on('a'), on('b'), on('c')];

/** A source that tells what the test tells it to. */
function source() {
  let listener: DiscoveryListener | undefined;
  let stopped = false;
  const made: DiscoverySource = {
    name: 'made',
    watch(given) {
      listener = given;
      return async () => {
        stopped = true;
      };
    },
  };
  return { made, tell: () => listener, stopped: () => stopped };
}

function watched(...parts: readonly (DiscoverySource | readonly EndpointConfig[])[]) {
  const told: string[] = [];
  const stop = merged(...parts).watch({
    update: (endpoints) => told.push(endpoints.map(({ url }) => url.slice(7, 8)).join('')),
    failed: (error) => told.push(String(error)),
  });
  return { told, stop };
}

describe('merged', () => {
  it('tells nothing until every source has told its first list, and all of them from then on', () => {
    const [one, other] = [source(), source()];
    const { told } = watched(one.made, other.made, [c]);
    one.tell()?.update([a]);
    expect(told).toEqual([]);
    other.tell()?.update([b, a]);
    one.tell()?.update([]);
    expect(told).toEqual(['abc', 'bac']);
  });

  it('does without a source that fails at first, and keeps the last list of one that fails later', () => {
    const [one, other] = [source(), source()];
    const { told } = watched(one.made, other.made);
    one.tell()?.update([a]);
    other.tell()?.failed(new Error('down'));
    one.tell()?.failed(new Error('gone'));
    other.tell()?.update([b]);
    expect(told).toEqual(['Error: down', 'a', 'Error: gone', 'ab']);
  });

  it('stops all its sources, is named after them, and needs one', async () => {
    const one = source();
    const { told, stop } = watched(one.made, [c]);
    await stop();
    expect([told, one.stopped(), merged(one.made, [c]).name]).toEqual([[], true, 'merged(made,static)']);
    expect(() => merged()).toThrow(
      expect.objectContaining({ constructor: InvalidOptionError, option: 'merged' }),
    );
  });
});
