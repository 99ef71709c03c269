import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import { LoadBalancer } from 'evenkeel';
import { dcgm } from 'evenkeel/signals/dcgm';
import { vllm } from 'evenkeel/signals/vllm';
import { MockLlmServer } from 'evenkeel/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, openPage } from './open-page.js';
import { DashboardSite } from './site.js';

const HOSTILE = '<img src=x onerror="window.harmed=true">"\'></script><script>window.harmed=true</script>';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

interface Fleet extends AsyncDisposable {
  readonly balancer: LoadBalancer;
  readonly servers: readonly MockLlmServer[];
  chat(model?: string): Promise<void>;
}

async function openFleet(ids: readonly string[]): Promise<Fleet> {
  const servers = await Promise.all([MockLlmServer.start({ tokens: 4 }), MockLlmServer.start({ tokens: 4 })]);
  const balancer = new LoadBalancer({
    endpoints: ids.map((id, index) => ({
      id,
      url: servers[index % servers.length]?.url ?? '',
      maxOutstanding: 8,
    })),
    breaker: { consecutiveFailures: 1, openFor: 1_000, maxOpenRatio: 1 },
  });
  return {
    balancer,
    servers,
    async chat(model = 'mock-model') {
      const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hi' }] });
      const answer = await balancer.fetch('/v1/chat/completions', { method: 'POST', body });
      await answer.text();
    },
    async [Symbol.asyncDispose]() {
      await balancer.close();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

const connection = (page: Page) => page.locator('#connection');
const card = (page: Page, id: string) => page.locator('article', { hasText: id });

/** What axe finds wrong, and where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[];
  };
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 2)
        .map(({ html }) => html)
        .join(' | ')}`,
  );
}

describe('the page in a browser', { timeout: 60_000 }, () => {
  it('loads, follows the traffic, and asks its own origin alone', async () => {
    await using fleet = await openFleet(['one', 'two']);
    await using site = await DashboardSite.open(fleet.balancer);
    await using open = await openPage(browser, site.url);
    const { page } = open;
    await page.getByText('Live').waitFor();
    await fleet.chat();
    await page.locator('#decisions tr', { hasText: 'mock-model' }).first().waitFor();
    await page.locator('.tile', { hasText: 'First token' }).filter({ hasText: 'ms' }).waitFor();
    expect(await page.locator('article').count()).toBe(2);
    expect(await page.locator('.chart canvas').count()).toBe(4);
    expect(await page.getByRole('img', { name: /Requests/ }).getAttribute('aria-label')).toContain('ended');
    expect(await page.getByRole('button', { name: /Drain/ }).count()).toBe(0);
    expect(open.complaints).toEqual([]);
    expect([...open.origins]).toEqual([new URL(site.url).origin]);
  });

  it('shows an endpoint die, with the time until it is tried again, and return', async () => {
    await using fleet = await openFleet(['one', 'two']);
    await using site = await DashboardSite.open(fleet.balancer);
    await using open = await openPage(browser, site.url);
    const { page } = open;
    await page.getByText('Live').waitFor();
    await fleet.servers[1]?.kill();
    while ((await card(page, 'two').getAttribute('data-tone')) !== 'bad') await fleet.chat();
    await card(page, 'two').getByText('tried again in').waitFor();
    await page.locator('#events li', { hasText: 'two healthy → open' }).waitFor();
    expect(await page.locator('#news').textContent()).toContain('in trouble: two');
    await page.getByLabel('only those in trouble').check();
    await card(page, 'one').waitFor({ state: 'hidden' });
    await page.getByLabel('only those in trouble').uncheck();
    await fleet.servers[1]?.restart();
    while ((await card(page, 'two').getAttribute('data-tone')) !== 'good') await fleet.chat();
    await page.locator('#events li', { hasText: '→ healthy' }).waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('comes back by itself when the server has been restarted, and can act again', async () => {
    await using fleet = await openFleet(['one', 'two']);
    await using site = await DashboardSite.open(fleet.balancer, { actions: true, authorize: () => true });
    await using open = await openPage(browser, site.url);
    const { page } = open;
    await page.getByText('Live').waitFor();
    await site.stop();
    await connection(page).getByText('Connection lost').waitFor();
    await site.start();
    await page.getByText('Live').waitFor();
    await page.getByRole('button', { name: 'Drain one' }).click();
    await page.getByRole('button', { name: 'Do it' }).click();
    await card(page, 'one').getByText('draining').waitFor();
    await page.getByRole('button', { name: 'Activate one' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Do it' }).focus();
    await page.keyboard.press('Enter');
    await card(page, 'one').getByText('healthy').waitFor();
    await page.getByRole('button', { name: 'Standby two' }).click();
    await page.keyboard.press('Escape');
    expect(fleet.balancer.endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy']);
    // Chromium itself tells of the connection that was lost.
    expect(open.complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
  });

  it('gives an endpoint another weight, and takes nothing that is none', async () => {
    await using fleet = await openFleet(['one', 'two']);
    await using site = await DashboardSite.open(fleet.balancer, { actions: true, authorize: () => true });
    await using open = await openPage(browser, site.url);
    const { page } = open;
    await page.getByRole('button', { name: 'Weight one' }).click();
    const field = page.getByLabel('New weight');
    expect(await field.inputValue()).toBe('1');
    for (const wrong of ['', '-1', 'much', '1e9']) {
      await field.fill(wrong);
      await page.getByRole('button', { name: 'Do it' }).click();
      expect([wrong, await page.locator('dialog').isVisible()]).toEqual([wrong, true]);
    }
    await field.press('ControlOrMeta+A');
    await field.pressSequentially('2.5');
    await field.press('Enter');
    await card(page, 'one').getByText('weight 2.5').waitFor();
    expect(fleet.balancer.endpoints.map(({ weight }) => weight)).toEqual([2.5, 1]);
    // Buttons that can do nothing are not there: it does not rest.
    expect(await page.getByRole('button', { name: /^Activate/ }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    expect(open.complaints).toEqual([]);
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)('passes axe in %s at %i px, without scrolling sideways', async (colorScheme, width) => {
    await using fleet = await openFleet(['one', 'two', 'three']);
    await using site = await DashboardSite.open(fleet.balancer, { actions: true, authorize: () => true });
    await using open = await openPage(browser, site.url, { colorScheme, viewport: { width, height: 800 } });
    const { page } = open;
    await page.getByText('Live').waitFor();
    await fleet.balancer.drain('three');
    await fleet.servers[1]?.kill();
    while ((await card(page, 'two').getAttribute('data-tone')) !== 'bad') await fleet.chat();
    await card(page, 'three').getByText('draining').waitFor();
    await page.locator('#decisions tr').first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Drain one' }).click();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it('draws how full cache, GPU and memory are, and how many replicas an autoscaler would have', async () => {
    const exporter = createServer((_request, response) => {
      response.setHeader('content-type', 'text/plain');
      response.end(
        'DCGM_FI_DEV_GPU_UTIL{gpu="0"} 57\nDCGM_FI_DEV_FB_USED{gpu="0"} 30\nDCGM_FI_DEV_FB_FREE{gpu="0"} 10\n',
      );
    }).listen(0, '127.0.0.1');
    await once(exporter, 'listening');
    const page9400 = `http://127.0.0.1:${(exporter.address() as AddressInfo).port}/metrics`;
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({
      endpoints: [
        {
          id: 'one',
          url: server.url,
          metrics: [
            { parser: vllm(), interval: 200 },
            { parser: dcgm(), url: page9400, interval: 200 },
          ],
        },
      ],
    });
    await using site = await DashboardSite.open(balancer, { autoscaler: { desiredReplicas: 3 } });
    await using open = await openPage(browser, site.url);
    const { page } = open;
    for (const text of ['KV cache', 'GPU', '57 %', 'VRAM', '75 %']) {
      await card(page, 'one').getByText(text, { exact: true }).first().waitFor();
    }
    await page.locator('.tile', { hasText: 'of 3 desired' }).waitFor();
    await page.getByRole('img', { name: /desired/ }).waitFor();
    expect(open.complaints).toEqual([]);
    exporter.close();
  });

  it('shows names with markup, newlines and great length as the text they are', async () => {
    const long = 'x'.repeat(256);
    await using fleet = await openFleet([HOSTILE, long]);
    await using site = await DashboardSite.open(fleet.balancer, { actions: true, authorize: () => true });
    await using open = await openPage(browser, site.url, { viewport: { width: 360, height: 800 } });
    const { page } = open;
    await page.getByText('Live').waitFor();
    await fleet.chat(`${'m'.repeat(150)}\n${HOSTILE}`);
    await page.locator('#decisions tr', { hasText: 'mmm' }).first().waitFor();
    expect(await page.locator('article h3').allTextContents()).toEqual([HOSTILE, long]);
    expect(await page.evaluate('window.harmed')).toBeUndefined();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.getByRole('button', { name: /^Drain <img/ }).click();
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.locator('article', { hasText: 'draining' }).waitFor();
    expect(fleet.balancer.endpoints[0]?.state).toBe('draining');
    expect(open.complaints).toEqual([]);
  });

  it('keeps a hundred endpoints legible and found by name, and passes axe', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `gpu-${String(index).padStart(3, '0')}`);
    await using fleet = await openFleet(ids);
    await using site = await DashboardSite.open(fleet.balancer);
    await using open = await openPage(browser, site.url);
    const { page } = open;
    await page.getByText('Live').waitFor();
    expect(await page.locator('article:visible').count()).toBe(100);
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Find').fill('gpu-04');
    await page.locator('article', { hasText: 'gpu-050' }).waitFor({ state: 'hidden' });
    expect(await page.locator('article:visible').count()).toBe(10);
    await page.getByLabel('Find').fill('');
    expect(
      await page
        .locator('article', { hasText: 'gpu-050' })
        .evaluate((one) => one.scrollWidth <= one.clientWidth),
    ).toBe(true);
    expect(open.complaints).toEqual([]);
  });
});
