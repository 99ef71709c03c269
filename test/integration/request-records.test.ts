import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type BalancerEvent, type RequestRecord, type SelectionPolicy, scored } from 'evenkeel';
import { manualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { CHAT, chat, Fleet } from '../support/fleet.js';

type Told = BalancerEvent & { type: 'request-record' };

/** Records as they are told, and what else the same observer heard. */
function listen({ balancer }: Fleet) {
  const records: Told[] = [];
  const types: string[] = [];
  const stop = balancer.observe(
    (event) => {
      types.push(event.type);
      if (event.type === 'request-record') records.push(event);
    },
    { records: true },
  );
  return { records, types, stop };
}

async function ask({ balancer }: Fleet, stream = false): Promise<void> {
  await (await balancer.fetch(CHAT, chat(stream))).text().catch(() => '');
}

describe('the record of a request', () => {
  it('tells each attempt with what it waited for, and each choice with scores and exclusions', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({
      clock,
      endpoint: (index) => ({ tier: index }),
      policy: scored(),
      retry: { backoff: { base: 0, cap: 0 } },
    });
    const { records } = listen(fleet);
    fleet.server(0).faultWith(() => {
      clock.advance(30);
      return { kind: 'status', status: 500 };
    });
    await ask(fleet, true);
    await fleet.until(() => records.length === 1);
    const [record] = records;
    expect(record).toMatchObject({ status: 200, outcome: 'success', duration: 30, queued: 0 });
    expect(record?.attempts).toEqual([
      {
        attempt: 1,
        endpoint: 's0',
        begunAfter: 0,
        connect: 0,
        headers: 30,
        firstToken: undefined,
        duration: 30,
        outcome: expect.objectContaining({ kind: 'fault', reason: 'status', status: 500 }),
      },
      {
        attempt: 2,
        endpoint: 's1',
        begunAfter: 30,
        connect: 0,
        headers: 0,
        firstToken: 0,
        duration: 0,
        outcome: { kind: 'success' },
      },
    ]);
    expect(record?.decisions).toMatchObject([
      {
        attempt: 1,
        policy: 'scored',
        choice: 's0',
        candidates: ['s0'],
        scores: [{ endpoint: 's0', terms: expect.any(Object) }],
        exclusions: [{ endpoint: 's1', reason: 'higher-tier' }],
        model: 'mock-model',
      },
      { attempt: 2, choice: 's1', exclusions: [{ endpoint: 's0', reason: 'tried' }] },
    ]);
  });

  it('tells that a request found no place, why, and how long it waited for one', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({ clock, servers: [{}], endpoint: () => ({ maxOutstanding: 1 }) });
    const { records } = listen(fleet);
    fleet.server(0).fault = { kind: 'hang' };
    const leave = new AbortController();
    const held = fleet.balancer.fetch(CHAT, { ...chat(true), signal: leave.signal });
    await fleet.until(() => fleet.served === 1);
    const waiting = ask(fleet);
    await fleet.until(() => fleet.of('request-queued').length === 1);
    clock.advance(250);
    fleet.server(0).fault = undefined;
    leave.abort();
    await Promise.allSettled([held, waiting]);
    await fleet.until(() => records.length === 2);
    const [left, served] = records;
    expect(left).toMatchObject({ status: 499, attempts: [{ outcome: { reason: 'caller-left' } }] });
    expect(served).toMatchObject({
      queued: 250,
      decisions: [
        {
          choice: undefined,
          candidates: [],
          availability: 'full',
          exclusions: [{ endpoint: 's0', reason: 'full' }],
        },
        { choice: 's0', candidates: ['s0'], availability: 'ready' },
      ],
      attempts: [{ begunAfter: 250 }],
    });
  });

  it('tells of a request that was refused without an attempt', async () => {
    await using fleet = await Fleet.start({ endpoint: () => ({ weight: 0 }) });
    const { records } = listen(fleet);
    await ask(fleet);
    expect(records).toMatchObject([
      {
        status: 503,
        outcome: 'shed',
        attempts: [],
        decisions: [
          {
            attempt: 1,
            choice: undefined,
            exclusions: [
              { endpoint: 's0', reason: 'weight-0' },
              { endpoint: 's1', reason: 'weight-0' },
            ],
          },
        ],
      },
    ]);
  });

  it('comes last of all, to those alone who ask for it', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    const { types, stop } = listen(fleet);
    await ask(fleet);
    expect(types.slice(-2)).toEqual(['request-finished', 'request-record']);
    expect(fleet.of('request-record')).toEqual([]);
    stop();
    await ask(fleet);
    expect(types.filter((type) => type === 'request-record')).toHaveLength(1);
  });

  it('is told to who subscribes to its channel, and is made for nobody when he has gone', async () => {
    let explained = 0;
    const policy: SelectionPolicy = {
      name: 'first',
      select: (candidates) => candidates[0],
      explain: () => {
        explained++;
        return [];
      },
    };
    await using fleet = await Fleet.start({ servers: [{}], policy });
    await ask(fleet);
    expect(explained).toBe(0);
    const heard: RequestRecord[] = [];
    const hear = (record: unknown) => heard.push(record as RequestRecord);
    subscribe('evenkeel:request-record', hear);
    try {
      await ask(fleet);
    } finally {
      unsubscribe('evenkeel:request-record', hear);
    }
    await ask(fleet);
    expect(explained).toBe(1);
    expect(heard).toMatchObject([{ type: 'request-record', attempts: [{ endpoint: 's0' }] }]);
  });

  it('shows both attempts of a hedge, side by side', async () => {
    const clock = manualClock();
    await using fleet = await Fleet.start({
      clock,
      endpoint: (index) => ({ tier: index }),
      hedge: { minimumRequests: 1, minDelay: 100, ratio: 1 },
    });
    await ask(fleet);
    const { records } = listen(fleet);
    fleet.server(0).fault = { kind: 'hang' };
    const asking = ask(fleet);
    await fleet.until(() => fleet.server(0).stats.requests === 2);
    clock.advance(100);
    await asking;
    await fleet.until(() => records.length === 1);
    expect(records[0]?.attempts).toMatchObject([
      { endpoint: 's0', begunAfter: 0, outcome: { kind: 'neutral', reason: 'hedge-lost' } },
      { endpoint: 's1', begunAfter: 100, outcome: { kind: 'success' } },
    ]);
  });

  it('comes to a handler for it, beside those for other events, without being asked for', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    const heard: string[] = [];
    const stop = fleet.balancer.observe({
      'attempt-started': ({ type, attempt }) => heard.push(`${type} ${attempt}`),
      'request-record': ({ type, decisions }) => heard.push(`${type} ${decisions.length}`),
    });
    await ask(fleet);
    stop();
    await ask(fleet);
    expect(heard).toEqual(['attempt-started 1', 'request-record 1']);
    fleet.balancer.observe({ 'request-record': () => heard.push('not asked for') }, { records: false });
    const { records } = listen(fleet);
    await ask(fleet);
    expect(records).toHaveLength(1);
    expect(heard).toHaveLength(2);
  });

  it('comes to a method with the object it belongs to', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    class Watcher {
      #count = 0;
      'request-finished'() {
        this.#count++;
      }
      'request-record'() {
        this.#count++;
      }
      static counted(watcher: Watcher) {
        return watcher.#count;
      }
    }
    const watcher = new Watcher();
    fleet.balancer.observe(watcher);
    await ask(fleet);
    expect(Watcher.counted(watcher)).toBe(2);
  });

  it('is refused by name when it is asked for in the wrong way', async () => {
    await using fleet = await Fleet.start({ servers: [{}] });
    const { balancer } = fleet;
    expect(() => balancer.observe(() => {}, { records: 'yes' } as never)).toThrow(
      '`options.records` must be true or false',
    );
    expect(() => balancer.observe(() => {}, { decisions: true } as never)).toThrow(
      '`options.decisions` is not known',
    );
    for (const observer of [undefined, null, 'all', []])
      expect(() => balancer.observe(observer as never)).toThrow('`observer` must be');
    expect(() => balancer.observe({ 'request-ended': () => {} } as never)).toThrow(
      '`observer.request-ended` is not known (known: request-started, ',
    );
    expect(() => balancer.observe({ retry: true } as never)).toThrow('`observer.retry` must be a function');
    expect(() => balancer.observe({ retry: () => {} }, { records: true })).toThrow(
      '`options.records` needs a handler for request-record',
    );
  });
});
