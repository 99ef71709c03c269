import assert from 'node:assert/strict';
import { resolveEndpoints } from '../balancer/options/endpoint-options.js';
import type { DiscoverySource } from '../core/discovery.js';
import type { EndpointConfig } from '../core/endpoint.js';
import type { ConformanceRunner } from './conformance-runner.js';

/** What a source looks at, in the hands of the suite. Hosts are IPv4 addresses such as `10.0.0.1`. */
export interface DiscoveryRig {
  /** What is tested. */
  readonly source: DiscoverySource;
  /** Makes these be the endpoints, from now on. Leave it out where the list never changes. */
  publish?(hosts: readonly string[]): unknown;
  /** Makes the list unreadable until the next `publish`. */
  break?(): unknown;
  /** Lets time pass for a source on a clock of the test's own, until it has looked again. */
  step?(): unknown;
  /** Everything goes away, whatever the test has left. */
  close?(): unknown;
}

/** So often time is moved on before the suite gives up. */
const STEPS = 1_000;
const FIRST = ['10.0.0.1', '10.0.0.2'];
const SECOND = ['10.0.0.2', '10.0.0.3', '10.0.0.4'];

/**
 * Checks what every discovery source owes a balancer.
 *
 * @param name of the suite
 * @param makeRig a fresh source, whose endpoints are at first these hosts
 * @example
 * import { describe, it } from 'vitest';
 * discoveryConformance('mySource', (hosts) => ({ source: mySource(hosts) }), { describe, it });
 */
export function discoveryConformance(
  name: string,
  makeRig: (hosts: readonly string[]) => DiscoveryRig | Promise<DiscoveryRig>,
  { describe, it }: ConformanceRunner,
): void {
  const check = (title: string, test: (rig: DiscoveryRig) => Promise<void>) =>
    it(title, async () => {
      const rig = await makeRig(FIRST);
      try {
        await test(rig);
      } finally {
        await rig.close?.();
      }
    });

  describe(`${name} as a discovery source`, () => {
    check('tells the endpoints without being asked, as a balancer takes them', async (rig) => {
      assert.match(rig.source.name, /^[\x21-\x7e]+$/);
      const watcher = new Watcher(rig);
      await watcher.until(() => watcher.lists.length > 0);
      assert.deepEqual(hostsOf(watcher.last), FIRST);
      resolveEndpoints(watcher.last);
      await watcher.stop();
    });

    check(
      'tells the whole list when it changes, and those that stay under the same id and url',
      async (rig) => {
        if (rig.publish === undefined) return;
        const watcher = new Watcher(rig);
        await watcher.until(() => watcher.lists.length > 0);
        const before = resolveEndpoints(watcher.last);
        await rig.publish(SECOND);
        await watcher.until(() => hostsOf(watcher.last).join() === SECOND.join());
        const after = resolveEndpoints(watcher.last);
        const stayed = after.filter(({ url }) => new URL(url).hostname === '10.0.0.2');
        assert.equal(stayed.length, 1);
        assert.deepEqual(
          stayed.map(({ id, url }) => ({ id, url })),
          before.filter(({ id }) => id === stayed[0]?.id).map(({ id, url }) => ({ id, url })),
        );
        assert.deepEqual(watcher.errors, []);
        await watcher.stop();
      },
    );

    check('tells nothing after it was stopped, while another watcher still hears', async (rig) => {
      const stopped = new Watcher(rig);
      const witness = new Watcher(rig);
      await stopped.until(() => stopped.lists.length > 0);
      await witness.until(() => witness.lists.length > 0);
      await stopped.stop();
      const heard = stopped.lists.length;
      await rig.publish?.(SECOND);
      const expected = (rig.publish === undefined ? FIRST : SECOND).join();
      await witness.until(() => hostsOf(witness.last).join() === expected);
      assert.equal(stopped.lists.length, heard);
      assert.deepEqual(stopped.errors, []);
      await witness.stop();
    });

    check('is stopped before its first list, and twice, without a word', async (rig) => {
      const watcher = new Watcher(rig);
      const heard = watcher.lists.length;
      const stop = watcher.stop();
      await Promise.all([stop, watcher.stop()]);
      await watcher.stop();
      await rig.step?.();
      assert.equal(watcher.lists.length, heard);
      assert.deepEqual(watcher.errors, []);
    });

    check('is watched again after a stop, and begins anew', async (rig) => {
      const first = new Watcher(rig);
      await first.until(() => first.lists.length > 0);
      await first.stop();
      const second = new Watcher(rig);
      await second.until(() => second.lists.length > 0);
      assert.deepEqual(hostsOf(second.last), FIRST);
      await second.stop();
    });

    check(
      'says that its list cannot be read, tells no list meanwhile, and goes on afterwards',
      async (rig) => {
        if (rig.publish === undefined || rig.break === undefined) return;
        const watcher = new Watcher(rig);
        await watcher.until(() => watcher.lists.length > 0);
        const heard = watcher.lists.length;
        await rig.break();
        await watcher.until(() => watcher.errors.length > 0);
        assert.ok(watcher.errors.every((error) => error instanceof Error && error.message !== ''));
        assert.equal(watcher.lists.length, heard);
        await rig.publish(SECOND);
        await watcher.until(() => hostsOf(watcher.last).join() === SECOND.join());
        await watcher.stop();
      },
    );

    check('is stopped while its list cannot be read', async (rig) => {
      if (rig.break === undefined) return;
      await rig.break();
      const watcher = new Watcher(rig);
      await watcher.until(() => watcher.errors.length > 0);
      await watcher.stop();
      assert.deepEqual(watcher.lists, []);
    });
  });
}

/** Writes down what a source tells. */
class Watcher {
  readonly #rig: DiscoveryRig;
  readonly lists: (readonly EndpointConfig[])[] = [];
  readonly errors: Error[] = [];
  readonly stop: () => Promise<void>;
  #heard: () => void = () => {};

  constructor(rig: DiscoveryRig) {
    this.#rig = rig;
    this.stop = rig.source.watch({
      update: (endpoints) => {
        this.lists.push(endpoints);
        this.#heard();
      },
      failed: (error) => {
        this.errors.push(error);
        this.#heard();
      },
    });
  }

  get last(): readonly EndpointConfig[] {
    return this.lists.at(-1) ?? [];
  }

  /** Resolves once it holds, asked now and after all that is told. */
  async until(holds: () => boolean): Promise<void> {
    for (let steps = 0; !holds(); steps++) {
      assert.ok(steps < STEPS, `not so after ${STEPS} steps; last list: ${hostsOf(this.last)}`);
      if (this.#rig.step !== undefined) await this.#rig.step();
      else {
        await new Promise<void>((resolve) => {
          this.#heard = resolve;
        });
      }
    }
  }
}

function hostsOf(endpoints: readonly EndpointConfig[]): string[] {
  return endpoints.map(({ url }) => new URL(url).hostname).sort();
}
