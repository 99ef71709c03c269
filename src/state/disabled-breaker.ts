import type { Breaker, BreakerPass } from '../core/breaker.js';

const PASS: BreakerPass = { generation: 0, trial: false };

/** `breaker: false`: always closed. It keeps nothing, so all endpoints share it. */
export const disabledBreaker: Breaker = {
  state: 'closed',
  reopensAt: undefined,
  admits: true,
  enter: () => PASS,
  report: () => {},
  reportLateFault: () => {},
  probePassed: () => {},
  holdOpen: () => {},
  dispose: () => {},
};
