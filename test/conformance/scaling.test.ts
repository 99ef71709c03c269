import { describe, it } from 'vitest';
import {
  demandPerReplica,
  horizontal,
  outstandingPerReplica,
  queueDepthPerReplica,
} from '../../src/scaling/horizontal.js';
import { maxOf } from '../../src/scaling/max-of.js';
import { queueDepthTiers } from '../../src/scaling/queue-depth-tiers.js';
import { schedule } from '../../src/scaling/schedule.js';
import { stabilized } from '../../src/scaling/stabilized.js';
import { scalingConformance } from '../../src/testing/scaling-conformance.js';

const runner = { describe, it };
const hours = {
  timeZone: 'Europe/Berlin',
  windows: [{ start: '0 9 * * 1-5', end: '0 18 * * 1-5', min: 4, max: 10 }],
  otherwise: { min: 2, max: 4 },
};

scalingConformance('horizontal', () => horizontal({ max: 10, metrics: [queueDepthPerReplica(5)] }), runner);
scalingConformance(
  'horizontal with a behaviour and two metrics',
  () => horizontal({ max: 10, metrics: [demandPerReplica(8), outstandingPerReplica(5)], behavior: {} }),
  runner,
);
scalingConformance('queueDepthTiers', () => queueDepthTiers(), runner);
scalingConformance('schedule', () => schedule(hours), runner);
scalingConformance(
  'schedule around a policy',
  () => schedule({ ...hours, policy: queueDepthTiers() }),
  runner,
);
scalingConformance('stabilized', () => stabilized(queueDepthTiers()), runner);
scalingConformance('maxOf', () => maxOf(queueDepthTiers(), schedule(hours)), runner);
