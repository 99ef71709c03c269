import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/**
 * Waits at the top level for an endpoint that is found only by a timer which holds no process alive. That timer is what
 * is tested, no wait of the test's: it waits for the process to end.
 */
const PROGRAM = `
  import { LoadBalancer } from 'evenkeel';
  const source = {
    name: 'later',
    watch(listener) {
      setTimeout(() => listener.update([{ url: 'http://a.test' }]), 50).unref();
      return async () => {};
    },
  };
  const balancer = new LoadBalancer({ endpoints: source });
  await balancer.ready();
  console.log('ready');
  await balancer.close();
`;

it('a process that waits for ready() and for nothing else lives until it comes', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM], {
    cwd: ROOT,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  expect([code, output]).toEqual([0, 'ready\n']);
});
