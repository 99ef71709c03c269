import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/balancer/watching/explain.js';
import type { SelectionPolicy } from '../../../src/core/policy.js';
import { engineRig } from '../../support/engine-rig.js';

const endpoints = ['a', 'b', 'c'].map((id) => ({ url: `http://${id}.test`, id, maxOutstanding: 2 }));

describe('explain', () => {
  it('names the choice, the candidates and their scores', () => {
    const { engine, get } = engineRig({ endpoints });
    get('a').outstanding = 1;
    const explanation = explain(engine, {});
    expect(explanation).toMatchObject({ candidates: ['a', 'b', 'c'], exclusions: [], availability: 'ready' });
    expect(['b', 'c']).toContain(explanation.choice);
    expect(explanation.scores.map((score) => score.endpoint)).toEqual(['a', 'b', 'c']);
  });

  it('says why the others are none', () => {
    const { engine, get } = engineRig({
      endpoints: [
        ...['ok', 'full', 'cooling', 'open', 'leaving'].map((id) => ({
          url: `http://${id}.test`,
          id,
          maxOutstanding: 1,
        })),
        { url: 'http://zero.test', id: 'zero', weight: 0 },
        { url: 'http://model.test', id: 'model', models: ['other'] },
        { url: 'http://unasked.test', id: 'unasked' },
        { url: 'http://tier.test', id: 'tier', tier: 1 },
      ],
    });
    get('full').outstanding = 1;
    get('cooling').cooldown.begin(100);
    get('open').breaker.state = 'open';
    get('leaving').lifecycle.drain(true);
    const asked = ['ok', 'full', 'cooling', 'open', 'leaving', 'zero', 'model', 'tier'];
    const { choice, exclusions } = explain(engine, { model: 'llama', endpoints: asked });
    expect(choice).toBe('ok');
    expect(Object.fromEntries(exclusions.map(({ endpoint, reason }) => [endpoint, reason]))).toEqual({
      full: 'full',
      cooling: 'cooling-off',
      open: 'open',
      leaving: 'draining',
      zero: 'weight-0',
      model: 'model-not-served',
      unasked: 'not-asked-for',
      tier: 'higher-tier',
    });
  });

  it('counts nothing', () => {
    const { engine, get, events } = engineRig({ endpoints });
    explain(engine, { tried: ['a'] });
    expect(['a', 'b', 'c'].map((id) => get(id).outstanding)).toEqual([0, 0, 0]);
    expect(events).toEqual([]);
  });

  it('does not ask the policy when there is no candidate: it may rely on one', () => {
    const first: SelectionPolicy = {
      name: 'first',
      select: ([candidate]) => {
        if (candidate === undefined) throw new Error('no candidate');
        return candidate;
      },
      explain: ([candidate]) => {
        if (candidate === undefined) throw new Error('no candidate');
        return [];
      },
    };
    const { engine, get } = engineRig({ endpoints, policy: first });
    for (const id of ['a', 'b', 'c']) get(id).outstanding = 2;
    expect(explain(engine, {})).toMatchObject({
      choice: undefined,
      candidates: [],
      scores: [],
      availability: 'full',
    });
  });
});
