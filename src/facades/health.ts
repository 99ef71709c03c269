import type { LoadBalancer } from '../balancer/load-balancer.js';
import type { EndpointStateName } from '../core/endpoint.js';

/** What a health check answers with. No addresses: an endpoint's id is shown, and that is for the user to choose. */
export interface HealthReport {
  /** `ok` while an endpoint is available, else `unavailable`. */
  readonly status: 'ok' | 'unavailable';
  /** Endpoints that could take a request now. */
  readonly available: number;
  /** Requests that wait for a place. */
  readonly queued: number;
  /** Requests sent and not settled yet. */
  readonly outstanding: number;
  /** Each with its state. */
  readonly endpoints: readonly {
    readonly id: string;
    readonly state: EndpointStateName;
    readonly available: boolean;
    readonly outstanding: number;
  }[];
}

/** 200 while an endpoint is available, 503 when none is, or the balancer is closed. */
export function healthReport(balancer: Pick<LoadBalancer, 'snapshot'>): {
  readonly status: 200 | 503;
  readonly body: HealthReport;
} {
  const { closed, available, queued, outstanding, endpoints } = balancer.snapshot();
  const healthy = !closed && available > 0;
  return {
    status: healthy ? 200 : 503,
    body: {
      status: healthy ? 'ok' : 'unavailable',
      available,
      queued,
      outstanding,
      endpoints: endpoints.map(({ id, state, available, outstanding }) => ({
        id,
        state,
        available,
        outstanding,
      })),
    },
  };
}
