import { LoadBalancer, leastOutstanding } from 'evenkeel';
import type { BalancedReply } from '../../src/core/exchange.js';
import { randomIndex } from '../../src/core/random-pick.js';
import { seededRandom } from '../../src/core/seeded-random.js';
import { Fleet } from '../../src/simulation/fleet/fleet.js';
import { resolveFleet } from '../../src/simulation/fleet/fleet-spec.js';
import { generateTrace } from '../../src/simulation/trace/generate-trace.js';
import { REQUEST_HEADER } from '../../src/simulation/virtual/virtual-server.js';
import { VirtualClock } from '../../src/simulation/virtual-clock.js';
import { memoryInUse } from '../support/heap.js';
import { Tally } from './tally.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const BODY: Uint8Array = Buffer.from('{"model":"simulated","stream":true,"messages":[]}');
/** Requests differ in length in so many ways; more would be memory of the test's own. */
const LENGTHS = 2_000;

export interface ScaleOptions {
  readonly endpoints: number;
  /** Each with a balancer of its own. */
  readonly clients: number;
  /** Endpoints that a client knows; the first client knows them all. */
  readonly subset: number;
  readonly requests: number;
  /** Over which requests are spread, in hours of virtual time. */
  readonly hours: number;
  readonly seed: number;
  /** Hears a line when all is set up, and each hour. */
  readonly report?: (line: string) => void;
}

/** A day of a large company in virtual time: modelled servers that die and come back, real balancers. */
export async function scaleSoak(options: ScaleOptions): Promise<Tally> {
  const { endpoints, clients, subset, requests, hours, seed, report = () => {} } = options;
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const trace = generateTrace({ requests: LENGTHS, seed });
  const fleet = new Fleet({ clock, requests: trace.requests, network: 0.5, eventTokens: 1000 });
  const spec = { gpu: 'a100', prefixCaching: false, loadTime: MINUTE } as const;
  for (const replica of resolveFleet(
    Array.from({ length: endpoints }, () => spec),
    trace.blockTokens,
  ))
    fleet.begin(replica, 1);
  const members = fleet.members;
  const configs = members.map(({ config }) => config);
  const balancers = Array.from({ length: clients }, (_, client) => {
    // Every endpoint is known to some: the subsets lie one after the other, and begin again at the end.
    const known = Array.from(
      { length: subset },
      (_each, index) => configs[(client * subset + index) % endpoints],
    );
    return new LoadBalancer(
      {
        endpoints: client === 0 ? configs : known.flatMap((config) => config ?? []),
        policy: leastOutstanding(),
        clock,
        random: seededRandom(seed + client),
      },
      fleet.openChannel,
    );
  });
  const tally = new Tally();
  const end = hours * HOUR;
  let [sent, ended] = [0, 0];

  const arrive = (): void => {
    const balancer = balancers[randomIndex(balancers.length, random)];
    if (balancer === undefined) return;
    const shape = sent++ % LENGTHS;
    call(balancer, shape)
      .then((ending) => tally.endings[ending]++)
      .catch((error: unknown) => tally.problem(String(error)))
      .finally(() => ended++);
    // As many as are left, in the time that is left.
    if (sent < requests)
      clock.setTimer(arrive, ((end - clock.now()) / (requests - sent)) * -Math.log(1 - random()));
  };
  const disturb = (): void => {
    const { server, replica } = members[randomIndex(members.length, random)] ?? members[0] ?? {};
    server?.kill();
    tally.disturbed('killed');
    clock.setTimer(() => server?.start(replica?.model.loadTime ?? 0), MINUTE);
    if (sent < requests) clock.setTimer(disturb, (MINUTE / 6) * -Math.log(1 - random()));
  };
  const sample = (): void => {
    tally.heap.push(memoryInUse().heap);
    report(`hour ${tally.heap.length}: ${tally.line}`);
    if (sent < requests) clock.setTimer(sample, HOUR);
  };

  report(
    `${endpoints} endpoints, ${clients} clients: heap ${(memoryInUse().heap / 1024 / 1024).toFixed(0)} MiB`,
  );
  arrive();
  disturb();
  clock.setTimer(sample, HOUR);
  await clock.run(() => ended === requests);
  const left = balancers.reduce(
    (sum, { endpoints: views }) => sum + views.reduce((all, one) => all + one.outstanding, 0),
    0,
  );
  if (left > 0) tally.problem(`${left} outstanding at the end`);
  await Promise.all(balancers.map((balancer) => balancer.close()));
  tally.judgeHeap();
  return tally;
}

/** One caller, who reads an answer to its end. */
async function call(balancer: LoadBalancer, shape: number): Promise<'whole' | 'refused' | 'broken'> {
  const { status, body } = await balancer.send({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', [REQUEST_HEADER]: String(shape) },
    body: BODY,
    signal: undefined,
  });
  const whole = await isWhole(body);
  if (status !== 200) return 'refused';
  return whole ? 'whole' : 'broken';
}

function isWhole(body: BalancedReply['body']): Promise<boolean> {
  return new Promise((resolve) => {
    body.pipe({ write: () => true, end: () => resolve(true), fail: () => resolve(false) });
  });
}
