import { describe, expect, it } from 'vitest';
import type { BreakerState } from '../../../src/core/breaker.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { endpointOf, endpointState } from '../../support/endpoint-rig.js';

type State = ReturnType<typeof endpointState>;

const breakerIs =
  (state: BreakerState) =>
  ({ breaker }: State) => {
    breaker.state = state;
  };

describe('EndpointState', () => {
  it.each<[string, boolean, (endpoint: State) => void]>([
    ['healthy', true, () => {}],
    ['suspect', false, breakerIs('suspect')],
    ['open', false, breakerIs('open')],
    ['half-open', true, breakerIs('half-open')],
    ['cooling-off', false, ({ cooldown }) => cooldown.begin(10)],
    ['warming', false, ({ lifecycle }) => lifecycle.hold('sleep', true)],
    ['standby', false, ({ lifecycle }) => lifecycle.rest(true)],
    ['draining', false, ({ lifecycle }) => lifecycle.drain(true)],
  ])('is %s, and available: %s', (state, available, become) => {
    const endpoint = endpointState('a');
    become(endpoint);
    expect([endpoint.state, endpoint.available]).toEqual([state, available]);
  });

  it('is named for its phase before its breaker, and for its breaker before its cool-off', () => {
    const endpoint = endpointState('a');
    endpoint.cooldown.begin(10);
    endpoint.breaker.state = 'open';
    expect(endpoint.state).toBe('open');
    endpoint.lifecycle.hold('sleep', true);
    expect(endpoint.state).toBe('warming');
  });

  it('is draining to the outside when it is gone', () => {
    const endpoint = endpointState('a');
    endpoint.lifecycle.leave();
    endpoint.lifecycle.end();
    expect([endpoint.phase, endpoint.state]).toEqual(['gone', 'draining']);
  });

  it('has cooled off when the time is over', () => {
    const clock = manualClock();
    const endpoint = endpointState('a', {}, clock);
    expect(endpoint.coolingOff).toBe(false);
    endpoint.cooldown.begin(10);
    clock.advance(9);
    expect(endpoint.coolingOff).toBe(true);
    clock.advance(1);
    expect([endpoint.coolingOff, endpoint.available]).toEqual([false, true]);
  });

  it('is not available without weight, nor when it is full', () => {
    expect(endpointState('a', { weight: 0 }).available).toBe(false);
    const endpoint = endpointState('a', { maxOutstanding: 2 });
    endpoint.outstanding = 1;
    expect(endpoint.available).toBe(true);
    endpoint.outstanding = 2;
    expect(endpoint.available).toBe(false);
  });

  it('shows its description', () => {
    const fields = {
      basePath: '/v1',
      weight: 3,
      tier: 2,
      maxOutstanding: 7,
      headers: { authorization: 'x' },
      labels: { gpu: 'a100' },
      quotaGroup: 'team',
      healthPath: '/health',
    };
    const endpoint = endpointState('a', fields);
    expect(endpoint).toMatchObject({ id: 'a', url: 'http://a.test', ...fields });
    expect(endpoint.description).toEqual(endpointOf('a', fields));
    expect(endpoint.metrics).toEqual([]);
    expect([endpoint.load, endpoint.slowStart]).toEqual([undefined, 1]);
  });

  it('shows the load that was read last', () => {
    const endpoint = endpointState('a');
    const report = { running: 3, observedAt: 0, ownOutstanding: 1 };
    endpoint.readout.observe('vllm', report, 1_000);
    expect(endpoint.load).toEqual(report);
  });

  it('keeps what it learns of latency apart', () => {
    const endpoint = endpointState('a');
    endpoint.noteFirstToken(200);
    endpoint.noteResponse(900);
    endpoint.noteTokenInterval(12);
    const { firstToken, response, tokenInterval } = endpoint.latency;
    expect([firstToken, response, tokenInterval]).toEqual([200, 900, 12]);
  });

  it('serves every model until it has learnt which, or is told', () => {
    const endpoint = endpointState('a');
    expect(endpoint.servedModel('any')).toBe('any');
    endpoint.learn(['llama', 'qwen']);
    expect(['llama', 'qwen', 'any'].map((model) => endpoint.servedModel(model))).toEqual([
      'llama',
      'qwen',
      undefined,
    ]);
    endpoint.learn(undefined);
    expect(endpoint.servedModel('any')).toBe('any');
    endpoint.learn(['llama']);
    endpoint.describe(endpointOf('a', { models: new Map([['llama', 'meta/llama']]) }));
    expect(endpoint.servedModel('llama')).toBe('meta/llama');
  });

  describe('when it is described anew', () => {
    it('waits for health only while it has a health check', () => {
      const endpoint = endpointState('a', { healthPath: '/health' });
      endpoint.describe(endpointOf('a', { healthPath: '/live' }));
      expect(endpoint.phase).toBe('warming');
      endpoint.describe(endpointOf('a'));
      expect(endpoint.phase).toBe('ready');
    });

    it('waits for its list of models only while none is given', () => {
      const endpoint = endpointState('a');
      endpoint.lifecycle.hold('models', true);
      endpoint.describe(endpointOf('a'));
      expect(endpoint.phase).toBe('warming');
      endpoint.describe(endpointOf('a', { models: new Map() }));
      expect(endpoint.phase).toBe('ready');
    });

    it('goes on standby, or comes back, only where that has changed', () => {
      const endpoint = endpointState('a', { standby: true });
      endpoint.lifecycle.rest(false);
      endpoint.describe(endpointOf('a', { standby: true }));
      expect(endpoint.phase).toBe('ready');
      endpoint.describe(endpointOf('a', { standby: false }));
      endpoint.describe(endpointOf('a', { standby: true }));
      expect(endpoint.phase).toBe('standby');
    });

    it('keeps what its adaptive limit has learnt, as long as it has one', () => {
      const adaptive = endpointOf('a', { maxOutstanding: 'adaptive' });
      const endpoint = endpointState('a', adaptive);
      const { limit, maxOutstanding } = endpoint;
      expect(limit?.current).toBe(maxOutstanding);
      endpoint.describe(adaptive);
      expect(endpoint.limit).toBe(limit);
      endpoint.describe(endpointOf('a'));
      expect([endpoint.limit, endpoint.maxOutstanding]).toEqual([undefined, Number.POSITIVE_INFINITY]);
    });
  });
});
