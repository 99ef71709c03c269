// To test a signal parser of your own, copy this file beside the others of its kind and put yours in the place of tgi.
import { describe, it } from 'vitest';
import { tgi as myEngine } from '../../../src/signals/tgi.js';
import { signalConformance } from '../../../src/testing/index.js';

/** What the engine really answers, from a server or from its source. A longer page goes into signals/fixtures. */
const page = `# TYPE tgi_batch_current_size gauge
tgi_batch_current_size 8
# TYPE tgi_queue_size gauge
tgi_queue_size 5
`;

signalConformance('myEngine', myEngine(), { describe, it, page, readings: { running: 8, waiting: 5 } });
