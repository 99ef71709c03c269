import { describe, expect, inject, it } from 'vitest';
import { dependencySizes } from '../support/installed-size.js';

const KB = 1000;

describe('an installation', () => {
  it('downloads less than 650 kB of ours, and unpacks less than 2,200 kB', () => {
    expect(inject('packedSize')).toBeLessThan(650 * KB);
    expect(inject('unpackedSize')).toBeLessThan(2_200 * KB);
  });

  it('brings seven packages along, of less than 2,900 kB together', () => {
    const sizes = dependencySizes('.');
    expect([...sizes.keys()].map((title) => title.replace(/@[^@]*$/, '')).sort()).toEqual([
      'croner',
      'eventemitter3',
      'eventsource-parser',
      'opossum',
      'p-queue',
      'p-timeout',
      'undici',
    ]);
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(2_900 * KB);
  });
});
