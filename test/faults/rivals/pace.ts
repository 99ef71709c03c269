import type { Pace } from '../matrix/cases.js';
import { PHASE_LIMIT } from './contender.js';

/** In real time, so quicker than the matrix goes in virtual time; in the same proportions to the limit of silence. */
export const PACE: Pace = { comments: PHASE_LIMIT / 10, slow: PHASE_LIMIT / 20, tooSlow: PHASE_LIMIT * 1.5 };
