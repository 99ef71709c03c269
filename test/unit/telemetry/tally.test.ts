import { describe, expect, it } from 'vitest';
import { ModelLabels } from '../../../src/telemetry/model-labels.js';
import { Tally } from '../../../src/telemetry/tally.js';

describe('Tally', () => {
  it('wants to hear of attempts that begin, and of waits, only where models are named', () => {
    const wanted = (...models: string[]) => Object.keys(new Tally(new ModelLabels(models), 0).handlers);
    const byModel = ['attempt-started', 'request-dequeued'];
    expect(wanted('small').filter((type) => byModel.includes(type))).toEqual(byModel);
    expect(wanted().filter((type) => byModel.includes(type))).toEqual([]);
    expect(wanted()).toContain('attempt-settled');
  });
});
