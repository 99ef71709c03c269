import { setTimeout as pause } from 'node:timers/promises';
import { dcgm } from 'evenkeel/signals/dcgm';
import { type Gpu, serveGpus } from './gpus.js';
import { quickClock } from './quick-clock.js';
import { Scene } from './scene.js';

/** Something that goes wrong with a balancer, and what shall be said of it. */
export interface Trouble {
  readonly scene: Scene;
  /** Alerts on the balancer, of `alerts.yaml`. */
  readonly alerts: readonly string[];
  /** Alerts of `alerts-classic.yaml`. */
  readonly classic: readonly string[];
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

type Told = { readonly alerts: readonly string[]; readonly classic?: readonly string[] };

export async function troubles(): Promise<readonly Trouble[]> {
  return Promise.all([slow(), errors(), broken(), queue(), tier(), budget(), replicas(), gpus()]);
}

function trouble(scene: Scene, { alerts, classic = [] }: Told, begin: Trouble['begin'], end: Trouble['end']) {
  return { scene, alerts, classic, begin, end };
}

/** Its time runs 20 times as fast: 8 s for a chat, 34 s for a completion. */
async function slow(): Promise<Trouble> {
  const scene = await Scene.open('slow', { servers: [{ tokens: 2 }], clock: quickClock(20) });
  const told = {
    alerts: ['EvenkeelChatSlow', 'EvenkeelGenerationSlow'],
    classic: ['RequestsSlow'],
  };
  const begin = () => {
    scene.servers[0]?.faultWith(({ path }) => ({
      kind: 'slow',
      interval: path.includes('chat') ? 400 : 1700,
    }));
    for (const path of ['/v1/chat/completions', '/v1/completions'])
      for (let caller = 0; caller < 3; caller++) scene.call({ path, gap: 2 });
  };
  // Quick ones enough follow to outnumber them also in a window that still holds them.
  return trouble(scene, told, begin, () => scene.servers[0]?.faultWith(undefined));
}

async function errors(): Promise<Trouble> {
  const scene = await Scene.open('errors', { retry: false, breaker: false });
  scene.call();
  let count = 0;
  return trouble(
    scene,
    { alerts: ['EvenkeelErrors'], classic: ['AnyError', 'ErrorRate'] },
    () =>
      scene.servers[0]?.faultWith(() => (++count % 4 === 0 ? { kind: 'status', status: 500 } : undefined)),
    () => scene.servers[0]?.faultWith(undefined),
  );
}

async function broken(): Promise<Trouble> {
  const scene = await Scene.open('broken', { breaker: false });
  scene.call({ stream: true });
  return trouble(
    scene,
    { alerts: ['EvenkeelStreamsBroken'] },
    () => scene.suffer({ kind: 'cut', after: 3 }),
    () => scene.suffer(undefined),
  );
}

async function queue(): Promise<Trouble> {
  const scene = await Scene.open('queue', {
    servers: [{ tokens: 2 }],
    endpoint: () => ({ maxOutstanding: 1 }),
  });
  scene.call();
  let crowded = true;
  return trouble(
    scene,
    { alerts: ['EvenkeelQueueLong'] },
    () => {
      scene.suffer({ kind: 'slow', interval: 400 });
      for (let caller = 0; caller < 25; caller++) scene.call({ gap: 0, going: () => crowded });
    },
    () => {
      crowded = false;
      scene.suffer(undefined);
    },
  );
}

async function tier(): Promise<Trouble> {
  const scene = await Scene.open('tier', {
    servers: [{}, {}, {}],
    endpoint: (index) => ({ tier: index === 2 ? 1 : 0 }),
    breaker: { consecutiveFailures: 2, openFor: 500 },
  });
  scene.call();
  const lowest = scene.servers.slice(0, 2);
  return trouble(
    scene,
    { alerts: ['EvenkeelTierDown'] },
    async () => void (await Promise.all(lowest.map((server) => server.kill()))),
    async () => void (await Promise.all(lowest.map((server) => server.restart()))),
  );
}

async function budget(): Promise<Trouble> {
  const scene = await Scene.open('budget', { retry: { budget: { ratio: 0, reserve: 0 } }, breaker: false });
  scene.call();
  return trouble(
    scene,
    { alerts: ['EvenkeelRetryBudgetExhausted'] },
    () => scene.suffer({ kind: 'reset-before-headers' }),
    () => scene.suffer(undefined),
  );
}

async function replicas(): Promise<Trouble> {
  const scene = await Scene.open('replicas', { servers: [{}, {}] });
  scene.call();
  const flap = new AbortController();
  const config = { url: scene.servers[1]?.url ?? '', id: 's1' };
  const come = async () => {
    while (!flap.signal.aborted) {
      scene.balancer.remove('s1');
      await pause(500);
      scene.balancer.add(config);
      await pause(500);
    }
  };
  let coming: Promise<void> | undefined;
  return trouble(
    scene,
    { alerts: ['EvenkeelReplicasChanged'] },
    () => {
      coming = come();
    },
    async () => {
      flap.abort();
      await coming;
    },
  );
}

async function gpus(): Promise<Trouble> {
  const calm: Gpu = { busy: 0.6, memory: 0.7 };
  const figures = { s0: { ...calm }, s1: { ...calm }, s2: { ...calm } };
  const exporter = await serveGpus(figures);
  const scene = await Scene.open('gpus', {
    servers: [{}, {}, {}],
    endpoint: (index) => ({ metrics: { parser: dcgm(), url: `${exporter.url}/s${index}`, interval: 200 } }),
  });
  scene.after(() => exporter[Symbol.asyncDispose]());
  scene.call();
  return trouble(
    scene,
    { alerts: ['EvenkeelGpuIdle', 'EvenkeelGpuSaturated', 'EvenkeelVramFull'] },
    () => {
      figures.s0.busy = 0.1;
      figures.s1.busy = 0.99;
      figures.s2.memory = 0.97;
    },
    () => void Object.values(figures).map((gpu) => Object.assign(gpu, calm)),
  );
}
