import { inspect } from 'node:util';
import { LoadBalancer } from 'evenkeel';
import { prometheusMetrics } from 'evenkeel/prometheus';
import { MockLlmServer } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { CHAT, chat, Fleet } from '../../support/fleet.js';

const MARKUP = '<img src=x onerror="alert(1)">';
/** What may stand in a name, and would mean something to who shows it carelessly. */
const IDS = [MARKUP, 'a"} 1\\', '{{ .Labels }} %s', "'; DROP TABLE endpoints; --", 'x'.repeat(256)];
/** What a caller may put in a request. */
const MODELS = [
  MARKUP,
  'a"} 1\nevil_metric 1\r\n',
  '__proto__',
  'constructor',
  '',
  '💥\u0000',
  'm'.repeat(100_000),
];

/** A line of the text format: a comment, or a name with labels in which nothing stands bare. */
const LINE =
  /^(?:# (?:HELP|TYPE) evenkeel_.*|evenkeel_\w+(?:\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? [-+\d.eInf]+|)$/;

function badLines(page: string): string[] {
  return page.split('\n').filter((line) => !LINE.test(line));
}

describe('Hostile names', () => {
  it('of endpoints are shown as they are in headers and on the metrics page, which stays readable', async () => {
    const ids = [...IDS];
    await using fleet = await Fleet.start({
      servers: IDS.map(() => ({})),
      endpoint: (index) => ({ id: ids[index] }),
    });
    const { registry } = prometheusMetrics(fleet.balancer, { name: `a"b\n${MARKUP}` });
    for (const id of IDS) {
      const init = { ...chat(false), evenkeel: { endpoints: [id] } };
      const answer = await fleet.balancer.fetch(CHAT, init);
      await answer.text();
      expect(answer.headers.get('x-evenkeel-endpoint')).toBe(id);
    }
    const page = await registry.metrics();
    expect(badLines(page)).toEqual([]);
    expect(page).toContain('endpoint="a\\"} 1\\\\"');
    expect(
      JSON.parse(JSON.stringify(fleet.balancer.snapshot())).endpoints.map(({ id }: { id: string }) => id),
    ).toEqual(IDS);
  });

  it.each(['a\nb', 'a\r\nx: y', '', ' a', 'é', 'x'.repeat(257)])(
    'of endpoints that no header can carry are refused: %j',
    (id) => {
      expect(() => new LoadBalancer({ endpoints: [{ url: 'http://127.0.0.1:1', id }] })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', option: 'endpoints[0].id' }),
      );
    },
  );

  it.each(MODELS)('of models become no series and no long message: %.40j', async (model) => {
    await using server = await MockLlmServer.start();
    await using balancer = new LoadBalancer({ endpoints: [{ url: server.url, id: 'a', models: ['known'] }] });
    const { registry } = prometheusMetrics(balancer, { models: [`known"}\n${MARKUP}`] });
    const answer = await balancer.fetch(CHAT, chat(false, { model }));
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json']);
    expect(JSON.parse(text).error.code).toBe('model_not_found');
    expect(text.length).toBeLessThan(1_000);
    const page = await registry.metrics();
    expect(badLines(page)).toEqual([]);
    expect(page).not.toMatch(/^evil_metric/m);
    expect(page.includes('mmmmm')).toBe(false);
  });

  it('of errors that a server sends reach the caller as they came, and nothing else', async () => {
    const message = `${MARKUP}\r\nset-cookie: a=b\n${'long '.repeat(2_000)}`;
    await using fleet = await Fleet.start({ servers: [{}], retry: false });
    const { registry } = prometheusMetrics(fleet.balancer);
    const body = { error: { message } };
    fleet.server(0).fault = { kind: 'status', status: 500, body };
    const answer = await fleet.balancer.fetch(CHAT, chat(false));
    expect(await answer.json()).toEqual(body);
    expect(answer.headers.get('set-cookie')).toBeNull();
    await fleet.settled();
    const told = `${inspect(fleet.events, { depth: 20 })}${JSON.stringify(fleet.events)}${await registry.metrics()}`;
    expect(told).not.toContain('onerror');
  });
});
