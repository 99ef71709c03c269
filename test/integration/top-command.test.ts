import type { ServerResponse } from 'node:http';
import { LoadBalancer } from 'evenkeel';
import { type DashboardBalancer, dashboardHandler } from 'evenkeel/dashboard';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run-command.js';
import { Site } from '../support/facade-rig.js';

async function top(words: readonly string[], terminal = {}, onWrite: (text: string) => void = () => {}) {
  let [out, err] = ['', ''];
  const stdout = {
    write: (text: string) => {
      out += text;
      onWrite(text);
    },
    ...terminal,
  };
  const code = await runCommand(['top', ...words], {
    stdout,
    stderr: { write: (text: string) => (err += text) },
  });
  return { code, out, err };
}

function serve(balancer: DashboardBalancer): Promise<Site> {
  const authorize = ({ headers }: { headers: Record<string, unknown> }) =>
    headers.authorization === 'Bearer key';
  const handler = dashboardHandler(balancer, { interval: 100, authorize: authorize as never });
  return Site.open((request, response) => handler(request, response, () => response.destroy()));
}

/** What was drawn, one over the other, without what a terminal obeys. */
function screensIn(out: string): string[] {
  return (
    out
      .split('\u001b[H')
      .slice(1)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      .map((screen) => screen.replace(/\u001b\[(?:\?7[lh]|K|J)/g, '').replace(/\n$/, ''))
  );
}

const KEY = ['--header', 'authorization: Bearer key'];
const url = 'http://127.0.0.1:9';

describe('evenkeel top', () => {
  it('prints one table, with no escape codes where there is no terminal', async () => {
    await using balancer = new LoadBalancer({
      endpoints: [
        { url, id: 'one', maxOutstanding: 8 },
        { url, id: 'two', standby: true },
      ],
    });
    await using site = await serve(balancer);
    const { code, out } = await top([site.url, '--once', ...KEY]);
    expect(code).toBe(0);
    expect(out).toContain('available 1 of 2');
    expect(out).toMatch(/^one +healthy +0\/8 +0 +- +- +-$/m);
    expect(out).toMatch(/^two +standby +0 /m);
    expect(out).not.toContain('\u001b');
  });

  it('draws over the last table on a terminal, cut to its size, until the balancer is closed', async () => {
    await using balancer = new LoadBalancer({
      endpoints: Array.from({ length: 50 }, (_, index) => ({ url, id: `e${index}-${'x'.repeat(100)}` })),
    });
    await using site = await serve(balancer);
    await balancer.drain(balancer.endpoints[49]?.id ?? '');
    let drawn = 0;
    const { code, out } = await top([site.url, ...KEY], { isTTY: true, columns: 60, rows: 12 }, () => {
      if (++drawn === 2) void balancer.close();
    });
    expect(code).toBe(0);
    const screens = screensIn(out);
    expect(screens.length).toBeGreaterThan(1);
    expect(screens[0]).toContain('and 46 more');
    expect(screens[0]).toMatch(/^e49-x*… +draining/m);
    for (const line of (screens[0] ?? '').split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    // The last one is for what comes after.
    expect((screens[0] ?? '').split('\n').length).toBeLessThanOrEqual(11);
    expect(screens.at(-1)).toContain('The balancer is closed.');
  });

  it('has every column at 80 signs, and tells what happened where there is room', async () => {
    await using balancer = new LoadBalancer({
      endpoints: [
        { url, id: 'one', maxOutstanding: 128 },
        { url, id: 'two' },
      ],
      policy: { name: 'mine\u001b[2J\u202e', select: ([first]) => first },
      retry: false,
      breaker: { consecutiveFailures: 1 },
    });
    await using site = await serve(balancer);
    let asked = false;
    const { out } = await top([site.url, ...KEY], { isTTY: true, columns: 80, rows: 24 }, (screen) => {
      if (!asked) void balancer.fetch('/v1/models');
      asked = true;
      if (screen.includes('→ open')) void balancer.close();
    });
    const screen = screensIn(out).find((one) => one.includes('→ open')) ?? '';
    expect(screen).toMatch(/^endpoint +state +outstanding +tokens\/s +first token +KV +GPU$/m);
    expect(screen).toMatch(/^one +open +0\/128 +0 +- +- +- +\d+ s$/m);
    expect(screen).toMatch(/^\d\d:\d\d:\d\d {2}one: healthy → open$/m);
    expect(screen).toMatch(/^\d\d:\d\d:\d\d {2}mine\?\[2J\? chose one of 2$/m);
    expect(out).not.toContain('\u001b[2J');
    expect(out).not.toContain('\u202e');
  });

  it('waits for a dashboard that has gone, and goes on when it is back', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url, id: 'one' }] });
    const handler = dashboardHandler(balancer, { interval: 100, authorize: () => true });
    let gone = 0;
    let feed: ServerResponse | undefined;
    await using site = await Site.open((request, response) => {
      feed = response;
      if (gone === 1 && request.headers.accept !== undefined) response.writeHead(503).end();
      else handler(request, response, () => response.destroy());
    });
    const { code, out } = await top([site.url], { isTTY: true, columns: 80, rows: 24 }, (screen) => {
      if (screen.includes('trying again')) gone++;
      else if (gone === 0) feed?.destroy();
      else void balancer.close();
    });
    expect(code).toBe(0);
    // Once its connection broke, once it refused.
    expect(out.match(/^http:\S+ has gone; trying again/gm)).toHaveLength(2);
    expect(screensIn(out).at(-1)).toContain('The balancer is closed.');
  });

  it('says what is wrong: a stranger, a wrong address, a wrong option', async () => {
    await using balancer = new LoadBalancer({ endpoints: [{ url }] });
    await using site = await serve(balancer);
    expect(await top([site.url])).toMatchObject({ code: 1, err: expect.stringContaining('status 403') });
    expect(await top([url])).toMatchObject({ code: 1, err: expect.stringContaining('does not answer') });
    expect(await top([])).toMatchObject({
      code: 2,
      err: expect.stringContaining('the address of one dashboard'),
    });
    expect(await top([site.url, '--header', 'key'])).toMatchObject({ code: 2 });
  });
});
