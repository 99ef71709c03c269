import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../src/state/endpoint.js';
import { EndpointSet } from '../../../src/state/endpoint-set.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { manualClock } from '../../../src/testing/manual-clock.js';
import { endpointOf, endpointState } from '../../support/endpoint-rig.js';

function rig(endpoints: readonly Endpoint[], maxOpenRatio = 0.5) {
  const clock = manualClock(1_000);
  const joined: string[] = [];
  const removed: string[] = [];
  const made = new Map<string, ReturnType<typeof endpointState>>();
  const set = new EndpointSet(endpoints, {
    clock,
    random: () => 0,
    overProvisioning: 1.4,
    failOpen: true,
    maxOpenRatio,
    create: (endpoint, joins) => {
      if (joins) joined.push(endpoint.id);
      const state = endpointState(endpoint.id, endpoint, clock);
      made.set(endpoint.id, state);
      return state;
    },
    removed: (endpoint) => removed.push(endpoint.id),
  });
  const get = (id: string) => {
    const state = made.get(id);
    if (state === undefined) throw new Error(`no endpoint ${id}`);
    return state;
  };
  const ids = () => set.members.map((member) => member.id);
  return { set, clock, joined, removed, get, ids };
}
const abc = ['a', 'b', 'c'].map((id) => endpointOf(id));

describe('EndpointSet', () => {
  it('keeps its members in ascending order of tier, in the given order within one', () => {
    const { set, ids } = rig([endpointOf('z', { tier: 2 }), endpointOf('a'), endpointOf('y', { tier: 1 })]);
    expect(ids()).toEqual(['a', 'y', 'z']);
    set.add(endpointOf('b'));
    expect(ids()).toEqual(['a', 'b', 'y', 'z']);
  });

  it('says who joins a pool that runs already: not those it starts with', () => {
    const { set, joined } = rig(abc);
    expect(joined).toEqual([]);
    set.add(endpointOf('d'));
    expect(joined).toEqual(['d']);
    const empty = rig([]);
    empty.set.add(endpointOf('a'));
    expect(empty.joined).toEqual([]);
  });

  it('knows of no candidates before the first list has come, by an update or by one that is added', () => {
    const { set } = rig(abc);
    const find = () => set.find(fakeRequest(), undefined).kind;
    for (const tell of [() => set.update([]), () => set.add(endpointOf('d'))]) {
      set.awaited = true;
      expect(find()).toBe('undiscovered');
      tell();
      expect(find()).not.toBe('undiscovered');
    }
  });

  it('counts what is outstanding on all members', () => {
    const { set, get } = rig(abc);
    get('a').outstanding = 2;
    get('c').outstanding = 3;
    expect(set.outstanding).toBe(5);
  });

  it('looks for candidates at the time of its clock', () => {
    const { set, get, clock } = rig([endpointOf('a')]);
    get('a').cooldown.begin(100);
    expect(set.find(fakeRequest(), undefined)).toEqual({ kind: 'cooling-off', soonest: 100 });
    clock.advance(100);
    expect(set.find(fakeRequest(), undefined).kind).toBe('ready');
  });

  describe('update', () => {
    it('lets survivors keep their counters and takes over what is new about them', () => {
      const { set, get, ids, removed, joined } = rig(abc);
      const a = get('a');
      a.outstanding = 4;
      set.update([endpointOf('a', { weight: 7, tier: 1, labels: { gpu: 'a100' } }), endpointOf('d')]);
      expect(ids()).toEqual(['d', 'a']);
      expect(set.get('a')).toBe(a);
      expect(a).toMatchObject({
        outstanding: 4,
        weight: 7,
        tier: 1,
        labels: { gpu: 'a100' },
        phase: 'ready',
      });
      expect(removed).toEqual(['b', 'c']);
      expect(joined).toEqual(['d']);
    });

    it('drains those that leave', () => {
      const { set, get } = rig(abc);
      const b = get('b');
      set.update([endpointOf('a')]);
      expect(b.phase).toBe('draining');
      expect(b.state).toBe('draining');
      expect(set.get('b')).toBeUndefined();
    });

    it('takes an id with another url for another endpoint', () => {
      const { set, get, removed } = rig(abc);
      const before = get('a');
      set.update([endpointOf('a', { url: 'http://elsewhere.test' })]);
      expect(set.get('a')).not.toBe(before);
      expect(set.get('a')?.url).toBe('http://elsewhere.test');
      expect(before.phase).toBe('draining');
      expect(removed).toEqual(['a', 'b', 'c']);
    });

    it('brings a drained endpoint that is named again back to work', () => {
      const { set, get } = rig(abc);
      get('a').lifecycle.drain(true);
      set.update(abc);
      expect(get('a').phase).toBe('ready');
    });

    it('leaves an array that somebody holds as it was', () => {
      const { set } = rig(abc);
      const held = set.members;
      set.update([endpointOf('d')]);
      set.add(endpointOf('e'));
      expect(held.map((member) => member.id)).toEqual(['a', 'b', 'c']);
    });
  });

  it('says who joins by an update: nobody where there was none before', () => {
    const { set, joined } = rig([]);
    set.update(abc);
    expect(joined).toEqual([]);
    set.update([...abc, endpointOf('d')]);
    expect(joined).toEqual(['d']);
  });

  it('leaves a drained endpoint alone that is named again, where it is not to be revived', () => {
    const { set, get } = rig(abc);
    get('a').lifecycle.drain(true);
    set.update(abc, false);
    expect(get('a').phase).toBe('draining');
  });

  it('removes a member at once and drains it', () => {
    const { set, get, ids, removed } = rig(abc);
    const b = get('b');
    set.remove(b);
    expect(ids()).toEqual(['a', 'c']);
    expect(removed).toEqual(['b']);
    expect(b.phase).toBe('draining');
  });

  it('lets breakers open up to the ratio; half-open ones count, suspects do not', () => {
    const { set, get } = rig(['a', 'b', 'c', 'd'].map((id) => endpointOf(id)));
    expect(set.mayOpen()).toBe(true);
    get('a').breaker.state = 'open';
    get('c').breaker.state = 'suspect';
    expect(set.mayOpen()).toBe(true);
    get('b').breaker.state = 'half-open';
    expect(set.mayOpen()).toBe(false);
  });

  it('counts as endpoints that may open those that take requests: not the warming, nor those on standby', () => {
    const { set, get } = rig(['a', 'b', 'c', 'd'].map((id) => endpointOf(id)));
    get('a').breaker.state = 'open';
    expect(set.mayOpen()).toBe(true);
    get('c').lifecycle.rest(true);
    expect(set.mayOpen()).toBe(false);
    get('c').lifecycle.rest(false);
    get('d').lifecycle.hold('health', true);
    expect(set.mayOpen()).toBe(false);
  });

  it('never lets the only endpoint open', () => {
    expect(rig([endpointOf('a')], 1).set.mayOpen()).toBe(false);
  });

  it('knows who shares a quota', () => {
    const { set, get } = rig([
      endpointOf('a', { quotaGroup: 'openai' }),
      endpointOf('b', { quotaGroup: 'openai' }),
      endpointOf('c', { quotaGroup: 'azure' }),
      endpointOf('d'),
      endpointOf('e'),
    ]);
    const group = (id: string) => [...set.quotaGroup(get(id))].map((member) => member.id);
    expect(group('a')).toEqual(['a', 'b']);
    expect(group('c')).toEqual(['c']);
    expect(group('d')).toEqual(['d']);
  });

  it('says when the clock alone may change something: the end of a cool-off, or of an open breaker', () => {
    const { set, get, clock } = rig(abc);
    expect(set.soonestChange).toBeUndefined();
    get('a').cooldown.begin(500);
    expect(set.soonestChange).toBe(500);
    get('b').breaker.state = 'open';
    get('b').breaker.reopensAt = 1_200;
    get('c').cooldown.begin(400);
    expect(set.soonestChange).toBe(200);
    clock.advance(200);
    expect(set.soonestChange).toBe(200);
    clock.advance(300);
    expect(set.soonestChange).toBeUndefined();
  });
});
