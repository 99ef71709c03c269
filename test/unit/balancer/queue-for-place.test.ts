import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../src/balancer/engine/cancellation.js';
import type { LoadBalancerOptions } from '../../../src/balancer/options.js';
import { queueForPlace } from '../../../src/balancer/request/queue-for-place.js';
import type { InferenceRequest } from '../../../src/core/inference-request.js';
import { Lease } from '../../../src/state/lease.js';
import { fakeRequest } from '../../../src/testing/fake-request.js';
import { engineRig } from '../../support/engine-rig.js';

const endpoint = (id: string, maxOutstanding = 1) => ({ url: `http://${id}.test`, id, maxOutstanding });

function rig(options: LoadBalancerOptions) {
  const parts = engineRig(options);
  const { engine, clock } = parts;
  const take = () => {
    const placed = engine.place(fakeRequest(), undefined);
    if (!(placed instanceof Lease)) throw new Error(`no place: ${placed.kind}`);
    return placed;
  };
  /** Waits as a request does that found no place. */
  const wait = (fields: Partial<InferenceRequest> = {}) => {
    const request = fakeRequest(fields);
    const placed = engine.place(request, undefined);
    if (placed instanceof Lease) throw new Error('there was a place');
    const cancellation = new Cancellation(undefined, Number.POSITIVE_INFINITY, clock);
    const answer = queueForPlace(engine, request, undefined, placed, cancellation);
    return { answer, cancellation };
  };
  const give = (lease: Lease) => {
    lease.settle({ kind: 'success' });
    engine.changed(lease.endpoint);
  };
  return { ...parts, take, wait, give };
}
const placeOf = async (answer: Promise<unknown>) => {
  const lease = await answer;
  return lease instanceof Lease ? lease.endpoint.id : lease;
};

describe('a request that finds no place', () => {
  it('gets the first that becomes free, and the endpoint is chosen then', async () => {
    const { take, wait, give, events } = rig({ endpoints: [endpoint('a'), endpoint('b')] });
    take();
    const second = take();
    const { answer } = wait();
    give(second);
    expect(await placeOf(answer)).toBe(second.endpoint.id);
    expect(events.map((event) => event.type)).toEqual(['request-queued', 'request-dequeued']);
  });

  it('does not wait where waiting cannot help', async () => {
    const { wait, get } = rig({ endpoints: [endpoint('a')], breaker: { failOpen: false } });
    get('a').breaker.state = 'open';
    expect(await wait().answer).toMatchObject({ kind: 'open' });
  });

  it('does not wait for a cool-off that is longer than maxWait', async () => {
    const { wait, get, events } = rig({ endpoints: [endpoint('a')], admission: { maxWait: 1_000 } });
    get('a').cooldown.begin(1_001);
    expect(await wait().answer).toEqual({ kind: 'cooling-off', soonest: 1_001 });
    expect(events).toEqual([]);
  });

  it('is shed without having been queued when the queue is full', async () => {
    const { take, wait, give, events } = rig({ endpoints: [endpoint('a')], admission: { maxQueued: 1 } });
    const lease = take();
    const first = wait();
    expect(await wait().answer).toBe('queue-full');
    expect(events.map((event) => event.type)).toEqual(['request-queued']);
    give(lease);
    await first.answer;
  });

  it('leaves the queue when it is cancelled', async () => {
    const { take, wait, engine, clock } = rig({ endpoints: [endpoint('a')] });
    take();
    const { answer, cancellation } = wait();
    cancellation.cancel('caller-left');
    expect(await answer).toEqual({ kind: 'full' });
    expect(engine.admission.queued).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('gets an endpoint as soon as that has cooled off', async () => {
    const { wait, get, clock } = rig({ endpoints: [endpoint('a')] });
    get('a').cooldown.begin(500);
    const { answer } = wait();
    clock.advance(500);
    expect(await placeOf(answer)).toBe('a');
    expect(clock.pending).toBe(0);
  });

  it('gets an endpoint that has cooled off while another is full', async () => {
    const { take, wait, get, clock } = rig({ endpoints: [endpoint('a'), endpoint('b')] });
    get('b').cooldown.begin(500);
    take();
    const { answer } = wait();
    clock.advance(500);
    expect(await placeOf(answer)).toBe('b');
    expect(clock.now()).toBe(500);
  });

  it('gets an endpoint whose breaker lets a trial pass while another is full', async () => {
    const { take, wait, get, clock } = rig({ endpoints: [endpoint('a'), endpoint('b')] });
    const { breaker } = get('b');
    breaker.state = 'open';
    breaker.reopensAt = 800;
    take();
    const { answer } = wait();
    clock.advance(799);
    breaker.state = 'half-open';
    breaker.reopensAt = undefined;
    clock.advance(1);
    expect(await placeOf(answer)).toBe('b');
  });

  it('gets the second endpoint to cool off when the first was taken by another', async () => {
    const { wait, get, clock } = rig({ endpoints: [endpoint('a'), endpoint('b')] });
    get('a').cooldown.begin(500);
    get('b').cooldown.begin(900);
    const first = wait();
    const second = wait();
    clock.advance(500);
    expect(await placeOf(first.answer)).toBe('a');
    clock.advance(400);
    expect(await placeOf(second.answer)).toBe('b');
    expect(clock.now()).toBe(900);
    expect(clock.pending).toBe(0);
  });
});
