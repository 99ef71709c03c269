/** Who can be on a roster: one at a time. */
export interface Rostered {
  /** Where it stands on the roster, whose own business that is; -1 while it is on none. */
  place: number;
}

/**
 * Those that are under way. Joining and leaving take constant time; the order means nothing.
 *
 * A Set would do as well, at the price of a tenth of all that the balancer does for a request: it makes itself a new
 * table whenever joining and leaving have worn out the old one.
 */
export class Roster<Member extends Rostered> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    if (member.place !== -1) return;
    member.place = this.#members.push(member) - 1;
  }

  delete(member: Member): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    member.place = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[place] = last;
    last.place = place;
  }

  /** As they are now: who joins or leaves meanwhile changes nothing. */
  all(): readonly Member[] {
    return [...this.#members];
  }
}
