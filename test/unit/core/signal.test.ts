import { describe, expect, it } from 'vitest';
import { pageSignal } from '../../../src/core/signal.js';
import { InvalidOptionError } from '../../../src/errors.js';

const signal = pageSignal({
  name: 'engine',
  names: [['jobs']],
  read: (page) => ({ running: page.sum(['jobs']) ?? 0 }),
});

describe('pageSignal', () => {
  it('reads the whole page as it stands, and with labels only the series that have them', () => {
    const page = 'jobs{gpu="0"} 1\njobs{gpu="1"} 2';
    expect(signal.parse(page)).toEqual({ running: 3 });
    expect(signal({ labels: { gpu: '1' } }).parse(page)).toEqual({ running: 2 });
    expect(signal.name).toBe('engine');
  });

  it.each([null, 'gpu', { gpu: '0', model: 1 }])('refuses labels that are no strings: %j', (labels) => {
    expect(() => signal({ labels: labels as never })).toThrow(
      expect.objectContaining({
        constructor: InvalidOptionError,
        option: 'engine.labels',
        rule: 'must be an object of strings',
      }),
    );
  });
});
