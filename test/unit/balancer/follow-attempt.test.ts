import { describe, expect, it } from 'vitest';
import { followAttempt } from '../../../src/balancer/request/follow-attempt.js';
import type { AttemptFollower, SelectionPolicy } from '../../../src/core/policy.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { engineRig } from '../../support/engine-rig.js';

const RESULT = { outcome: { kind: 'success' }, now: 2, tokens: 1, tokenInterval: undefined } as const;

function setUp(follow: SelectionPolicy['follow']) {
  const policy: SelectionPolicy = { name: 'learner', select: ([first]) => first, follow };
  const { engine, events, get } = engineRig({ endpoints: [{ url: 'http://a.test', id: 'a' }], policy });
  const follower = followAttempt(engine, { endpoint: get('a'), request: fakeRequest(), now: 0 });
  return {
    follower,
    problems: () => events.map((event) => ('problem' in event ? event.problem : event.type)),
  };
}

const refuse = (what: string) => (): never => {
  throw new Error(what);
};

describe('a policy that learns', () => {
  it('hears of the first token and of the end', () => {
    const heard: unknown[] = [];
    const { follower, problems } = setUp(() => ({
      answering: (...told) => heard.push(told),
      settled: (result) => heard.push(result),
    }));
    follower?.answering(1, true);
    follower?.settled(RESULT);
    expect(heard).toEqual([[1, true], RESULT]);
    expect(problems()).toEqual([]);
  });

  it('costs nothing where it does not want to follow, or cannot', () => {
    expect(setUp(undefined).follower).toBeUndefined();
    expect(setUp(() => undefined).follower).toBeUndefined();
  });

  it('harms no request when it throws, which is told once', () => {
    const { follower, problems } = setUp(refuse('no following'));
    expect(follower).toBeUndefined();
    expect(problems()).toEqual(['no following']);
    const failing: AttemptFollower = { answering: refuse('no first token'), settled: refuse('no end') };
    const later = setUp(() => failing);
    later.follower?.answering(1, true);
    later.follower?.settled(RESULT);
    expect(later.problems()).toEqual(['no first token']);
  });
});
