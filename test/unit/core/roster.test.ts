import { describe, expect, it } from 'vitest';
import { Roster, type Rostered } from '../../../src/core/roster.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const member = (name: string): Rostered & { name: string } => ({ name, place: -1 });

describe('Roster', () => {
  it('holds each member once, however often it joins', () => {
    const roster = new Roster<Rostered>();
    const one = member('one');
    roster.add(one);
    roster.add(one);
    expect(roster.size).toBe(1);
    roster.delete(one);
    expect(roster.all()).toEqual([]);
  });

  it('lets a member that is not on it leave without a change', () => {
    const roster = new Roster<Rostered>();
    const [one, stranger] = [member('one'), member('stranger')];
    roster.add(one);
    roster.delete(stranger);
    expect(roster.all()).toEqual([one]);
  });

  it('gives those who were there when it was asked, whoever leaves meanwhile', () => {
    const roster = new Roster<Rostered & { name: string }>();
    const all = ['a', 'b', 'c'].map(member);
    for (const one of all) roster.add(one);
    const seen: string[] = [];
    for (const one of roster.all()) {
      seen.push(one.name);
      for (const each of all) roster.delete(each);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(roster.size).toBe(0);
  });

  it.each([1, 2, 3])(
    'has the members that a Set would have after any joining and leaving (seed %i)',
    (seed) => {
      const random = seededRandom(seed);
      const roster = new Roster<Rostered>();
      const set = new Set<Rostered>();
      const all = Array.from({ length: 20 }, (_, index) => member(String(index)));
      for (let step = 0; step < 2_000; step++) {
        const one = all[Math.floor(random() * all.length)];
        if (one === undefined) continue;
        const joins = random() < 0.5;
        if (joins) roster.add(one);
        else roster.delete(one);
        if (joins) set.add(one);
        else set.delete(one);
        expect(new Set(roster.all())).toEqual(set);
      }
    },
  );
});
