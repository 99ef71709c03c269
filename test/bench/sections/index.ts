import type { Section } from '../harness/section.js';
import { appSection } from './app.js';
import { dashboardSection } from './dashboard.js';
import { dispatcherSection } from './dispatcher.js';
import { endpointsSection } from './endpoints.js';
import { fetchSection } from './fetch.js';
import { heldSection } from './held.js';
import { importSection } from './import.js';
import { jsonSection } from './json.js';
import { millionSection } from './million.js';
import { openStreamsSection } from './open-streams.js';
import { pickSection } from './pick.js';
import { promptsSection } from './prompts.js';
import { sdkSection } from './sdk.js';
import { sizeSection } from './size.js';
import { sseSection } from './sse.js';
import { pacedSection } from './sse-paced.js';
import { stepsSection } from './steps.js';
import { telemetrySection } from './telemetry.js';
import { workersSection } from './workers.js';

/** In the order in which they run and are shown. */
export const SECTIONS: readonly Section[] = [
  fetchSection,
  sdkSection,
  dispatcherSection,
  appSection,
  jsonSection,
  promptsSection,
  sseSection,
  pacedSection,
  openStreamsSection('streams', 5000),
  openStreamsSection('streams-10000', 10_000),
  heldSection,
  telemetrySection,
  dashboardSection,
  endpointsSection,
  pickSection,
  stepsSection,
  importSection,
  sizeSection,
  millionSection,
  workersSection,
];
