/** Limits a tenth above what it weighs (`npx size-limit` says); a bundle may grow with reason, not by accident. */
const node = (config) => ({ ...config, platform: 'node', target: 'node20', logLevel: 'error' });
const bundle = { path: 'dist/index.js', import: '{ LoadBalancer }', gzip: true, modifyEsbuildConfig: node };
const asIs = { brotli: false, disablePlugins: ['@size-limit/esbuild'] };

export default [
  {
    ...bundle,
    name: 'bundle of LoadBalancer, packages outside',
    ignore: ['croner', 'eventsource-parser', 'opossum', 'p-queue', 'undici'],
    limit: '46 kB',
  },
  { ...bundle, name: 'bundle of LoadBalancer, all of it', limit: '240 kB' },
  { ...asIs, name: 'ESM build', path: 'dist/**/*.js', limit: '840 kB' },
  { ...asIs, name: 'CommonJS build', path: 'dist/**/*.cjs', limit: '900 kB' },
  { ...asIs, name: 'types', path: 'dist/**/*.d.{ts,cts}', limit: '430 kB' },
];
