import { describe, expect, it } from 'vitest';
import type { EndpointView } from '../../../src/core/endpoint.js';
import type { SelectionPolicy } from '../../../src/core/policy.js';
import { Lease } from '../../../src/state/lease.js';
import { fakeEndpoint } from '../../../src/testing/fake-endpoint.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { engineRig } from '../../support/engine-rig.js';

function placed(select: (candidates: readonly EndpointView[]) => EndpointView | undefined) {
  const policy: SelectionPolicy = { name: 'mine', select };
  const endpoints = ['a', 'b'].map((id) => ({ url: `http://${id}.test`, id }));
  const { engine, events, get } = engineRig({ endpoints, policy });
  get('a').outstanding = 1;
  const place = engine.place(fakeRequest(), undefined);
  return {
    to: place instanceof Lease ? place.endpoint.id : undefined,
    problems: events.filter(({ type }) => type === 'policy-failed'),
  };
}

describe('A policy that makes a mistake', () => {
  it.each<[string, string, () => EndpointView]>([
    [
      'throws',
      'no reading',
      () => {
        throw new Error('no reading');
      },
    ],
    ['chooses a stranger', 'chose an endpoint that is not a candidate', () => fakeEndpoint('stranger')],
  ])('and %s is told of, and the least busy endpoint gets the request', (_, problem, select) => {
    expect(placed(select)).toEqual({
      to: 'b',
      problems: [{ type: 'policy-failed', policy: 'mine', problem }],
    });
  });

  it('is no mistake when it refuses: nobody gets the request', () => {
    expect(placed(() => undefined)).toEqual({ to: undefined, problems: [] });
  });
});
