import { expectText, ONE_REQUEST, type Project } from '../project.js';

/** Prints what of undici was loaded beside its Pool: its index puts an agent of its own behind Node's global `fetch`. */
const UNDICI =
  'console.log(Object.keys(require.cache).filter((file) => /undici.(index|lib.(web|global))/.test(file)));';

/** With the library's own dependencies, the newest that its ranges allow, and nothing else. */
export const peerProjects: readonly Project[] = [
  {
    name: 'no optional peers, ESM',
    installed: 'alone',
    files: {
      'main.mjs': `import { LoadBalancer } from 'evenkeel'; ${ONE_REQUEST} await oneRequest(LoadBalancer);`,
    },
    async run(place) {
      expectText(await place.node('main.mjs'), `200 a ${place.text}`);
      return '';
    },
  },
  {
    name: 'no optional peers, CommonJS',
    installed: 'alone',
    files: {
      'main.cjs': `${ONE_REQUEST} oneRequest(require('evenkeel').LoadBalancer).then(() => {${UNDICI}});`,
    },
    async run(place) {
      expectText(await place.node('main.cjs'), `200 a ${place.text}\n[]`);
      return `undici ${await place.node('-p', "require('undici/package.json').version")}, its Pool alone`;
    },
  },
  {
    name: 'evenkeel/fastify without Fastify',
    installed: 'alone',
    files: { 'main.mjs': "console.log(typeof (await import('evenkeel/fastify')).fastifyBalancer)" },
    async run(place) {
      expectText(await place.node('main.mjs'), 'function');
      return '';
    },
  },
  absent('evenkeel/prometheus', 'prom-client', "await import('evenkeel/prometheus')"),
  {
    name: 'prom-client, yaml and Fastify',
    installed: 'all',
    files: {
      'endpoints.yaml': 'endpoints:\n  - url: http://127.0.0.1:1\n',
      'main.mjs': `
        import Fastify from 'fastify';
        import { Registry } from 'prom-client';
        import { LoadBalancer } from 'evenkeel';
        import { file } from 'evenkeel/discovery/file';
        import { fastifyBalancer } from 'evenkeel/fastify';
        import { prometheusMetrics } from 'evenkeel/prometheus';
        const balancer = new LoadBalancer({ endpoints: file('endpoints.yaml') });
        await balancer.ready({ endpoints: 1 }).catch(() => {});
        await Fastify().register(fastifyBalancer, { balancer });
        const registry = new Registry();
        prometheusMetrics(balancer, { registry });
        console.log(balancer.endpoints.length, (await registry.metrics()).includes('evenkeel_endpoint_available'));
        await balancer.close();`,
    },
    async run(place) {
      expectText(await place.node('main.mjs'), '1 true');
      return '';
    },
  },
];

/** What a user is told who forgot a peer. */
function absent(entry: string, peer: string, load: string): Project {
  return {
    name: `${entry} without ${peer}`,
    installed: 'alone',
    files: { 'main.mjs': load },
    async run(place) {
      const { code, output } = await place.end(['main.mjs']);
      const [told] = output.split('\n').filter((line) => line.startsWith('Error'));
      if (code === 0 || !told?.includes(`'${peer}'`)) throw new Error(`it does not name ${peer}:\n${output}`);
      return told.replace(/ imported from .*/, '');
    },
  };
}
