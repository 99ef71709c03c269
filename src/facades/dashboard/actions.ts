import type { LoadBalancer } from '../../balancer/load-balancer.js';

/** What the dashboard may do with a balancer. */
export type DashboardActions = Pick<LoadBalancer, 'drain' | 'activate' | 'standby' | 'setWeight'>;

const PLAIN_ACTIONS = ['drain', 'activate', 'standby'] as const;
const ACTIONS = [...PLAIN_ACTIONS, 'weight'] as const;

/** Header that an action has to carry the feed's token in: a page of another origin can neither read nor send it. */
export const TOKEN_HEADER = 'x-evenkeel-token';

export interface ActionAnswer {
  readonly status: 202 | 400;
  readonly text: string;
}

/**
 * Begins an action; to drain takes as long as the streams that are left.
 *
 * @param query `action` and `endpoint`, and for `weight` the new one as `weight`
 */
export function startAction(
  balancer: DashboardActions,
  known: readonly string[],
  query: URLSearchParams,
): ActionAnswer {
  const id = query.get('endpoint') ?? '';
  const action = ACTIONS.find((name) => name === query.get('action'));
  if (action === undefined) return { status: 400, text: `action must be one of ${ACTIONS.join(', ')}` };
  if (!known.includes(id)) return { status: 400, text: 'there is no such endpoint' };
  if (action === 'weight') {
    const weight = weightOf(query.get('weight'));
    if (weight === undefined) return { status: 400, text: 'weight must be a finite number, at least 0' };
    balancer.setWeight(id, weight);
    return { status: 202, text: 'weight set' };
  }
  // A hook that fails is told as an event, and shown.
  balancer[action](id).catch(() => {});
  return { status: 202, text: `${action} begun` };
}

/** In plain decimals, as people write them: what is left out is not 0. */
function weightOf(text: string | null): number | undefined {
  if (text === null || !/^\d+(\.\d+)?$/.test(text)) return undefined;
  const weight = Number(text);
  return Number.isFinite(weight) ? weight : undefined;
}
