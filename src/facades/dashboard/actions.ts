/** The part of a balancer that the dashboard may change. */
export interface DashboardActions {
  drain(id: string): Promise<void>;
  activate(id: string): Promise<void>;
  standby(id: string): Promise<void>;
}

export const ACTIONS = ['drain', 'activate', 'standby'] as const;

/** Header that an action has to carry the feed's token in: a page of another origin can neither read nor send it. */
export const TOKEN_HEADER = 'x-evenkeel-token';

export interface ActionAnswer {
  readonly status: 202 | 400;
  readonly text: string;
}

/** Begins an action; to drain takes as long as the streams that are left. @param query `action` and `endpoint` */
export function startAction(
  balancer: DashboardActions,
  known: readonly string[],
  query: URLSearchParams,
): ActionAnswer {
  const id = query.get('endpoint') ?? '';
  const action = ACTIONS.find((name) => name === query.get('action'));
  if (action === undefined) return { status: 400, text: `action must be one of ${ACTIONS.join(', ')}` };
  if (!known.includes(id)) return { status: 400, text: 'there is no such endpoint' };
  // A hook that fails is told as an event, and shown.
  balancer[action](id).catch(() => {});
  return { status: 202, text: `${action} begun` };
}
