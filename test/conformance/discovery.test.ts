import { describe, it } from 'vitest';
import { staticEndpoints } from '../../src/discovery/static.js';
import { discoveryConformance } from '../../src/testing/discovery-conformance.js';

const runner = { describe, it };
const onPort8000 = (hosts: readonly string[]) => hosts.map((host) => ({ url: `http://${host}:8000` }));

discoveryConformance('staticEndpoints', (hosts) => ({ source: staticEndpoints(onPort8000(hosts)) }), runner);
