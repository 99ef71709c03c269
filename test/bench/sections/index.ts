import type { Section } from '../harness/section.js';
import { dispatcherSection } from './dispatcher.js';
import { fetchSection } from './fetch.js';
import { jsonSection } from './json.js';
import { sdkSection } from './sdk.js';
import { sseSection } from './sse.js';

/** In the order in which they run and are shown. */
export const SECTIONS: readonly Section[] = [
  fetchSection,
  sdkSection,
  dispatcherSection,
  jsonSection,
  sseSection,
];
