/**
 * Replicas that follow the queue. A burst of questions meets one server that takes four at a time; the autoscaler
 * starts more of them, and stops them again when it is calm. The servers are mocks and the windows short, so that
 * it is over in a few seconds: in earnest the actuator is `kubernetesScale`, and calm lasts five minutes.
 *
 *   npx tsx examples/autoscaling.ts
 */
import { LoadBalancer } from 'evenkeel';
import { Autoscaler } from 'evenkeel/autoscaling';
import { demandPerReplica, horizontal } from 'evenkeel/scaling/horizontal';
import { MockLlmServer } from 'evenkeel/testing';

const servers = new Map<string, MockLlmServer>();

/** Starts a server under a name. It answers four questions at a time, each in half a second. */
async function start(name: string) {
  const server = await MockLlmServer.start({ name, tokens: 4, service: { slots: 4, stepTime: 100 } });
  servers.set(name, server);
  return { id: name, url: server.url, maxOutstanding: 4 };
}

const balancer = new LoadBalancer({ endpoints: [await start('replica-1')] });

/** Makes the fleet be so large. A server that goes finishes its streams first. */
async function scale(replicas: number): Promise<void> {
  for (let count = servers.size + 1; count <= replicas; count++)
    balancer.add(await start(`replica-${count}`));
  for (let count = servers.size; count > replicas; count--) {
    const name = `replica-${count}`;
    await balancer.drain(name);
    balancer.remove(name);
    await servers.get(name)?.stop();
    servers.delete(name);
  }
}

const autoscaler = new Autoscaler(balancer, {
  policy: horizontal({ max: 6, metrics: [demandPerReplica(4)], downscaleStabilization: 2_000 }),
  actuator: scale,
  max: 6,
  interval: 1_000,
});
let most = 1;
const calm = new Promise<void>((resolve) => {
  autoscaler.observe((event) => {
    if (event.type !== 'scaled') return;
    most = Math.max(most, event.to);
    console.log(`${event.from} → ${event.to}: ${event.reason}`);
    if (event.to === 1) resolve();
  });
});

async function ask(): Promise<void> {
  const answer = await balancer.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
  await answer.text();
}

/** Asks again and again, as a user who is not content. */
async function user(questions: number): Promise<void> {
  for (let question = 0; question < questions; question++) await ask();
}

await Promise.all(Array.from({ length: 20 }, () => user(6)));
console.log(`120 questions answered; at most ${most} replicas`);
await calm;
await autoscaler.close();
await balancer.close();
for (const server of servers.values()) await server.stop();
console.log(`Calm: ${servers.size} replica`);
