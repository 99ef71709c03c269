import type { MockFault, RequestFault } from './fault.js';
import type { MockRequest } from './request-log.js';

/** Decides which request gets which fault: those set for once, then the chooser's, then the standing one. */
export class FaultPlan {
  standing: MockFault | undefined;
  chooser: ((request: MockRequest) => RequestFault | undefined) | undefined;
  readonly #once: RequestFault[] = [];

  add(fault: RequestFault, times: number): void {
    for (let count = 0; count < times; count++) this.#once.push(fault);
  }

  clear(): void {
    this.standing = undefined;
    this.chooser = undefined;
    this.#once.length = 0;
  }

  /** @param inference false for health, metrics and the like */
  take(request: MockRequest, inference: boolean): RequestFault | undefined {
    const applies = (fault: RequestFault) => inference || fault.everywhere === true;
    const next = this.#once.findIndex(applies);
    if (next >= 0) return this.#once.splice(next, 1)[0];
    const chosen = this.chooser?.(request);
    if (chosen !== undefined && applies(chosen)) return chosen;
    const { standing } = this;
    return standing !== undefined && standing.kind !== 'refuse' && applies(standing) ? standing : undefined;
  }
}
