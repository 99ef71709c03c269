/** Writes the screenshots of the documentation: `npm run screenshots`. They show mock servers under a made load. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadBalancer, scored } from 'evenkeel';
import { vllm } from 'evenkeel/signals/vllm';
import { MockLlmServer, seededRandom } from 'evenkeel/testing';
import { launch, openPage } from './open-page.js';
import { withPalette } from './palette-png.js';
import { DashboardSite } from './site.js';

const FOLDER = 'docs/images';
const random = seededRandom(7);
const fleet = await Promise.all(
  [
    { id: 'a100-0', weight: 3, slots: 24 },
    { id: 'a100-1', weight: 3, slots: 24 },
    { id: 't4-0', weight: 1, slots: 8 },
    { id: 't4-1', weight: 1, slots: 8 },
    { id: 't4-2', weight: 1, slots: 8 },
    { id: 'reserve', weight: 3, slots: 24 },
  ].map(async ({ id, weight, slots }) => {
    const service = { slots, stepTime: 18, stepTimePerSequence: 0.6, prefillRate: 6_000 * weight };
    return { id, weight, slots, mock: await MockLlmServer.start({ name: id, tokens: 400, service }) };
  }),
);
const balancer = new LoadBalancer({
  endpoints: fleet.map(({ id, weight, slots, mock }) => ({
    id,
    weight,
    url: mock.url,
    maxOutstanding: slots,
    standby: id === 'reserve',
    metrics: { parser: vllm(), interval: 500 },
  })),
  policy: scored(),
  breaker: { openFor: 30_000 },
});
let asking = true;
const users = Array.from({ length: 60 }, async () => {
  while (asking) {
    const body = {
      model: 'mock-model',
      stream: true,
      max_tokens: Math.round(20 + 160 * random() ** 2),
      messages: [{ role: 'user', content: 'x'.repeat(Math.round(200 + 6_000 * random() ** 2)) }],
    };
    const answer = await balancer.fetch('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    await answer.text().catch(() => '');
    await sleep(random() * 1_500);
  }
});

mkdirSync(FOLDER, { recursive: true });
const site = await DashboardSite.open(balancer, { interval: 500, actions: true, authorize: () => true });
const browser = await launch();
try {
  const views = [
    { name: 'dashboard-light', options: { colorScheme: 'light', viewport: { width: 1080, height: 860 } } },
    { name: 'dashboard-dark', options: { colorScheme: 'dark', viewport: { width: 1080, height: 860 } } },
    { name: 'dashboard-phone', options: { colorScheme: 'light', viewport: { width: 360, height: 740 } } },
  ] as const;
  const pages = await Promise.all(views.map(({ options }) => openPage(browser, site.url, options)));
  // Pictures, no test: the charts need some history to show.
  await sleep(20_000);
  await fleet[3]?.mock.kill();
  // And some more with a server down.
  await sleep(10_000);
  const pictures: Buffer[] = [];
  for (const [index, { name }] of views.entries()) {
    const picture = await pages[index]?.page.screenshot({ fullPage: name !== 'dashboard-phone' });
    if (picture !== undefined) pictures.push(picture);
  }
  // Not in between: the servers are in this process, and would stand still meanwhile.
  for (const [index, { name }] of views.entries())
    writeFileSync(`${FOLDER}/${name}.png`, withPalette(pictures[index] ?? Buffer.alloc(0)));
} finally {
  await browser.close();
  asking = false;
  await Promise.all(users);
  await site.stop();
  await balancer.close();
  await Promise.all(fleet.map(({ mock }) => mock.stop()));
}
