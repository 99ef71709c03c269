import type { BreakerPass } from '../core/breaker.js';
import { OUTCOME_RULES, type Outcome } from '../core/outcome.js';
import type { AdaptiveLimit } from './adaptive-limit.js';
import type { EndpointState } from './endpoint-state.js';

/** Who shares a quota with whom. */
export interface QuotaGroups {
  /** The endpoint itself included. */
  quotaGroup(endpoint: EndpointState): Iterable<EndpointState>;
}

/** The obligation that picking an endpoint makes: counted at once, settled exactly once, whatever happens. */
export class Lease {
  readonly endpoint: EndpointState;
  readonly #pass: BreakerPass;
  readonly #groups: QuotaGroups;
  readonly #limit: AdaptiveLimit | undefined;
  readonly #round: number;
  readonly #promptTokens: number;
  #answering = false;
  #settled = false;

  /**
   * @param groups knows the endpoints that share this one's quota
   * @param promptTokens of the request, as estimated
   */
  constructor(endpoint: EndpointState, groups: QuotaGroups, promptTokens = 0) {
    this.endpoint = endpoint;
    this.#groups = groups;
    this.#pass = endpoint.breaker.enter();
    this.#limit = endpoint.limit;
    this.#round = this.#limit?.sent() ?? 0;
    this.#promptTokens = promptTokens;
    endpoint.prefill.begin(promptTokens);
    endpoint.outstanding++;
  }

  /**
   * The first content has come: the endpoint works, though the stream may still fail.
   *
   * @param firstToken ms from sending to the first content of a stream; `undefined` for any other answer
   */
  answering(firstToken?: number): void {
    if (this.#answering || this.#settled) return;
    this.#answering = true;
    const { prefill } = this.endpoint;
    if (firstToken === undefined) prefill.end(this.#promptTokens);
    else prefill.firstToken(this.#promptTokens);
    if (firstToken !== undefined) this.#limit?.firstToken(firstToken, this.#round);
    this.endpoint.breaker.report(this.#pass, 'success');
  }

  /** @returns false when it had been settled before */
  settle(outcome: Outcome): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    if (!this.#answering) this.endpoint.prefill.end(this.#promptTokens);
    const { breaker, cooldown } = this.endpoint;
    if (outcome.kind === 'overloaded') {
      for (const member of this.#groups.quotaGroup(this.endpoint)) member.cooldown.begin(outcome.retryAfter);
      if (!this.#answering) breaker.report(this.#pass, 'overloaded');
    } else {
      const verdict = OUTCOME_RULES[outcome.kind].breaker;
      if (verdict === 'success') cooldown.recovered();
      if (!this.#answering) breaker.report(this.#pass, verdict);
      else if (verdict === 'fault') breaker.reportLateFault(this.#pass);
    }
    this.#teach(outcome);
    this.endpoint.release();
    return true;
  }

  /** What the outcome says of how much the endpoint can take. */
  #teach(outcome: Outcome): void {
    if (outcome.kind === 'success') this.#limit?.succeeded(this.endpoint.outstanding);
    const overload =
      outcome.kind === 'overloaded' || (outcome.kind === 'fault' && outcome.reason === 'timeout-first-token');
    if (overload) this.#limit?.overloaded(this.#round);
  }
}
