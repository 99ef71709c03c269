import { isEvenkeelError, LoadBalancer, type Outcome } from 'evenkeel';
import { manualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type Asks, FAULTS, JSON_TYPE, ROWS, type Row, TEXT } from './aimock/cases.js';
import { ours, type Servers, theirs } from './aimock/servers.js';

// aimock is not ours: where it can fail in a way that MockLlmServer can, a balancer must come to the same verdict.

/** Milliseconds of the balancer's time, which stands still but where a limit has to run out. */
const LIMIT = 1000;
const NEVER = 1e9;

interface Scope {
  readonly faulty: readonly boolean[];
  readonly calls: number;
}

/** One of two servers fails, for so many calls that its breaker opens and is felt; then both do. */
const SCOPES: readonly Scope[] = [
  { faulty: [true, false], calls: 3 },
  { faulty: [true, true], calls: 1 },
];
/** Outcomes of limits that run out. */
const RUNS_OUT = ['timeout', 'stall'];

/** What there is to see of some calls, one after the other. */
async function verdict({ urls }: Servers, row: Row, { faulty, calls, asks }: Scope & { asks: Asks }) {
  const clock = manualClock();
  await using balancer = new LoadBalancer({
    endpoints: urls.map((url, index) => ({ id: `s${index}`, url })),
    policy: { name: 'first', select: ([candidate]) => candidate },
    timeouts: {
      connect: NEVER,
      firstToken: row.outcome === 'stall' ? NEVER : LIMIT,
      response: LIMIT,
      idle: LIMIT,
    },
    retry: { attempts: 2, backoff: { base: 0, cap: 0 }, maxWait: 0 },
    breaker: { consecutiveFailures: 2, openFor: NEVER, maxOpenFor: NEVER },
    clock,
  });
  let outcomes: string[] = [];
  let failing = false;
  balancer.observe((event) => {
    if (event.type === 'attempt-started') failing = event.endpoint === 's0' || faulty[1] === true;
    if (event.type === 'attempt-settled') {
      failing = false;
      outcomes.push(inWords(event.outcome));
    }
  });
  const everyCall = async () => {
    const seen = [];
    for (let call = 0; call < calls; call++) {
      outcomes = [];
      const response = await ask(balancer, row, asks);
      const caller = await read(response);
      seen.push({
        status: response.status,
        endpoint: response.headers.get('x-evenkeel-endpoint'),
        attempts: response.headers.get('x-evenkeel-attempts'),
        caller,
        outcomes,
        states: balancer.endpoints.map(({ state }) => state),
      });
    }
    return seen;
  };
  const done = everyCall();
  // Time passes only while a faulty server has the request: a good one is never too late.
  if (RUNS_OUT.includes(row.outcome)) {
    let ended = false;
    void done.finally(() => {
      ended = true;
    });
    while (!ended) {
      await new Promise(setImmediate);
      if (failing) await clock.advanceAsync(LIMIT);
    }
  }
  const seen = await done;
  expect(balancer.snapshot()).toMatchObject({ outstanding: 0, queued: 0 });
  return seen;
}

function ask(balancer: LoadBalancer, { path = '/v1/chat/completions' }: Row, asks: Asks): Promise<Response> {
  return balancer.fetch(path, {
    method: 'POST',
    headers: { ...JSON_TYPE, 'x-api-key': 'unused', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({
      model: 'mock-model',
      max_tokens: 100,
      stream: asks === 'stream',
      messages: [{ role: 'user', content: 'hello' }],
      ...(path === '/v1/responses' && { input: 'hello' }),
    }),
  });
}

/** The answer in the caller's hands: whole, a stream's or the balancer's error, or bytes of the server's own. */
async function read(response: Response): Promise<string> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    return isEvenkeelError(error) ? error.code : String(error);
  }
  if (response.headers.get('x-should-retry') === 'false') return JSON.parse(text).error.code;
  const pieces = [...text.matchAll(/"(?:content|text|delta)":"([^"]*)"/g)].map(([, piece]) => piece);
  return pieces.join('').includes(TEXT) ? 'whole' : 'as it came';
}

/** All of an outcome but the message of its error and, since time passes in leaps, how far a late answer had come. */
function inWords(outcome: Outcome): string {
  if (outcome.kind !== 'fault') return Object.values(outcome).join(' ');
  const { reason, status, sent } = outcome;
  return [reason, reason.startsWith('timeout') ? '' : status, sent].join(' ');
}

describe('aimock and MockLlmServer behind a balancer', () => {
  it('are compared in every fault that aimock can make', () => {
    const compared = Object.entries(FAULTS).filter(([, means]) => means === 'compared');
    const kinds = new Set(Object.values(ROWS).map(({ ours }) => ours.kind));
    expect([...kinds].sort()).toEqual(compared.map(([kind]) => kind).sort());
  });

  for (const [name, row] of Object.entries(ROWS)) {
    it.concurrent.each(row.asks)(`come to the same when a server ${name} (%s)`, async (asks) => {
      const compare = async (scope: Scope) => {
        await using our = await ours(row, scope.faulty);
        await using their = await theirs(row, scope.faulty);
        const verdicts = [our, their].map((servers) => verdict(servers, row, { ...scope, asks }));
        const [expected, found] = await Promise.all(verdicts);
        expect(found).toEqual(expected);
        expect(found?.[0]?.outcomes[0]).toContain(row.outcome);
      };
      for (const scope of SCOPES) await compare(scope);
    });
  }
});
