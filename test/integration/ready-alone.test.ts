import { expect, it } from 'vitest';
import { bundled, runNode } from '../support/programs.js';

const bundle = bundled('src/index.ts');
/**
 * Waits at the top level for an endpoint that is found only by a timer which holds no process alive. That timer is what
 * is tested, no wait of the test's: it waits for the process to end.
 */
const program = () => `
  import { LoadBalancer } from '${bundle('src/index.ts')}';
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
  expect(await runNode(['--input-type=module', '-e', program()])).toEqual({
    code: 0,
    output: 'ready\n',
    errors: '',
  });
});
