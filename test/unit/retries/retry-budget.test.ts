import { describe, expect, it } from 'vitest';
import { RetryBudget, type RetryBudgetOptions } from '../../../src/retries/retry-budget.js';
import { manualClock } from '../../../src/testing/manual-clock.js';

const DEFAULTS: RetryBudgetOptions = { ratio: 0.2, minConcurrent: 3, reserve: 10, window: 60_000, max: 100 };

function rig(options: Partial<RetryBudgetOptions> = {}) {
  const clock = manualClock();
  const budget = new RetryBudget({ ...DEFAULTS, ...options }, clock);
  const start = (requests: number) => {
    for (let request = 0; request < requests; request++) budget.requestStarted();
  };
  /** Retries one after another until one is refused. */
  const affordable = (cost = 1): number => {
    let retries = 0;
    while (retries < 10_000 && budget.tryWithdraw(cost)) {
      budget.retryEnded();
      retries++;
    }
    return retries;
  };
  /** Retries at once until one is refused. */
  const concurrent = (): number => {
    let retries = 0;
    while (budget.tryWithdraw(1)) retries++;
    return retries;
  };
  return { budget, clock, start, affordable, concurrent };
}

describe('retries under way', () => {
  it('case 36: may always be three, though nothing else is under way', () => {
    expect(rig().concurrent()).toBe(3);
  });

  it.each([
    [1, 3],
    [15, 3],
    [20, 4],
    [40, 8],
    [41, 9],
  ])('[36] of %i requests under way may be %i', (requests, retries) => {
    const { start, concurrent } = rig({ reserve: 100 });
    start(requests);
    expect(concurrent()).toBe(retries);
  });

  it('case 36: make room when they end, and shrink with the requests', () => {
    const { budget, start, concurrent } = rig({ reserve: 100 });
    start(40);
    expect(concurrent()).toBe(8);
    budget.retryEnded();
    expect(concurrent()).toBe(1);
    for (let request = 0; request < 15; request++) budget.requestEnded();
    for (let retry = 0; retry < 4; retry++) budget.retryEnded();
    expect(concurrent()).toBe(1);
    for (let request = 0; request < 25; request++) budget.requestEnded();
    for (let retry = 0; retry < 2; retry++) budget.retryEnded();
    expect(budget.tryWithdraw(1)).toBe(false);
    budget.retryEnded();
    expect(budget.tryWithdraw(1)).toBe(true);
  });

  it('case 36: are none when nothing is granted', () => {
    const { start, concurrent } = rig({ ratio: 0, minConcurrent: 0, reserve: 0 });
    start(100);
    expect(concurrent()).toBe(0);
  });

  it('never count below nothing, however often an end is told', () => {
    const { budget, concurrent } = rig();
    for (let end = 0; end < 10; end++) {
      budget.retryEnded();
      budget.requestEnded();
    }
    expect(concurrent()).toBe(3);
  });
});

describe('the token bucket', () => {
  it.each([
    [0.1, 10, 1],
    [0.1, 9, 0],
    [0.2, 5, 1],
    [0.75, 4, 3],
    [0.7, 10, 7],
    [2, 1, 2],
    [1 / 3, 300, 99],
    [0, 1000, 0],
  ])('[37] at a ratio of %f lets %i requests pay for %i retries', (ratio, requests, retries) => {
    const { start, affordable } = rig({ ratio, reserve: 0, max: 1000 });
    start(requests);
    expect(affordable()).toBe(retries);
  });

  it('case 37: forgets deposits after the window', () => {
    const { clock, start, affordable } = rig({ reserve: 0 });
    start(100);
    clock.advance(53_999);
    expect(affordable()).toBe(20);
    start(100);
    clock.advance(60_000);
    expect(affordable()).toBe(0);
  });

  it('case 37: keeps a reserve that comes back after the window', () => {
    const { clock, affordable } = rig();
    expect(affordable()).toBe(10);
    clock.advance(53_999);
    expect(affordable()).toBe(0);
    clock.advance(6_001);
    expect(affordable()).toBe(10);
  });

  it('case 37: forgets the deposits of each tenth of the window in its turn', () => {
    const { budget, clock, start } = rig({ reserve: 0 });
    const balances: number[] = [];
    for (let tenth = 0; tenth < 10; tenth++) {
      start(5 * (tenth + 1));
      clock.advance(6_000);
    }
    for (let tenth = 0; tenth < 10; tenth++) {
      balances.push(budget.balance);
      clock.advance(6_000);
    }
    // One token more of each tenth than of the one before: 1 + 2 + ... + 10, of which the oldest went with the last step.
    expect(balances).toEqual([54, 52, 49, 45, 40, 34, 27, 19, 10, 0]);
  });

  it('gets back the tokens and the place of a retry that was not made', () => {
    const { budget, concurrent } = rig({ minConcurrent: 1 });
    expect(budget.tryWithdraw(0.5)).toBe(true);
    expect([budget.balance, concurrent()]).toEqual([9.5, 0]);
    budget.refund(0.5);
    expect([budget.balance, concurrent()]).toEqual([10, 1]);
  });

  it('holds no more than its maximum', () => {
    const { budget, start, affordable } = rig();
    start(10_000);
    expect(budget.balance).toBe(100);
    expect(affordable()).toBe(100);
  });

  it('holds no more than its maximum when withdrawals are forgotten before deposits', () => {
    const { budget, clock, start, affordable } = rig();
    expect(affordable()).toBe(10);
    clock.advance(30_000);
    start(10_000);
    clock.advance(30_000);
    expect(budget.balance).toBe(100);
  });

  it('takes half a token for a request that was never sent, and nothing for a free retry', () => {
    const { budget, affordable } = rig();
    expect(affordable(0.5)).toBe(20);
    expect(budget.tryWithdraw(1)).toBe(false);
    expect(budget.tryWithdraw(0)).toBe(true);
  });

  it('pays for a free retry’s place only: three free ones at once leave no room for a paid one', () => {
    const { budget } = rig();
    for (let retry = 0; retry < 3; retry++) expect(budget.tryWithdraw(0)).toBe(true);
    expect(budget.tryWithdraw(1)).toBe(false);
    expect(budget.tryWithdraw(0)).toBe(true);
    expect(budget.balance).toBe(10);
  });

  it('case 31: stops a storm: with every endpoint failing, retries stay a fifth of the requests and the reserve', () => {
    const { budget } = rig();
    let retries = 0;
    for (let request = 0; request < 400; request++) {
      budget.requestStarted();
      while (budget.tryWithdraw(1)) {
        retries++;
        budget.retryEnded();
      }
      budget.requestEnded();
    }
    expect(retries).toBe(400 * 0.2 + 10);
  });
});
