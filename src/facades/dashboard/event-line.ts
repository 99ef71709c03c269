import type { BalancerEvent } from '../../core/events.js';
import { outcomeReason } from '../../core/outcome.js';
import type { FeedEvent, FeedLevel } from './feed-message.js';

/** Longest text of the feed that is not the user's own configuration. */
const LONGEST = 200;

export type EventLine = Omit<FeedEvent, 'at' | 'count'>;

/**
 * An event as a line of the log; `undefined` for what happens with every request.
 * What an endpoint or a caller wrote is no part of it: an error's text may repeat a prompt.
 */
export function eventLine(event: BalancerEvent): EventLine | undefined {
  switch (event.type) {
    case 'endpoint-state':
      return about(event, event.to === 'healthy' ? 'info' : 'warn', `${event.from} → ${event.to}`);
    case 'endpoint-added':
      return about(event, 'info', 'joined');
    case 'endpoint-removed':
      return about(event, 'info', 'left');
    case 'endpoint-activated':
      return about(event, 'info', `activated: ${event.reason}`);
    case 'endpoint-rested':
      return about(event, 'info', `put on standby: ${event.reason}`);
    case 'activation-failed':
      return about(event, 'error', `could not be activated or put to rest: ${event.error.message}`);
    case 'endpoint-misconfigured':
      return about(event, 'error', `answers ${event.status}: its key or url is wrong`);
    case 'ejection-overflow':
      return about(event, 'warn', 'would be open, but too many others are: suspect');
    case 'load-failed':
      return about(event, 'warn', `its load cannot be read (${event.parser}): ${event.problem}`);
    case 'attempt-settled': {
      const { outcome } = event;
      if (outcome.kind !== 'fault' && outcome.kind !== 'overloaded') return undefined;
      const status = outcome.status === undefined ? '' : ` ${outcome.status}`;
      const what = `${outcomeReason(outcome)}${status}`;
      return event.committed
        ? about(event, 'error', `an answer broke off: ${what}`)
        : about(event, 'warn', `an attempt failed: ${what}`);
    }
    case 'stream-resumed':
      return { level: 'info', endpoint: event.from, text: 'a stream broke off here and went on elsewhere' };
    case 'request-shed':
      return { level: 'error', text: `a request was refused: ${event.reason}` };
    case 'retry-denied':
      return { level: 'warn', text: `a retry was denied: ${event.reason}` };
    case 'discovery-updated':
      return { level: 'info', text: `${event.source} names ${event.endpoints} endpoints` };
    case 'discovery-failed':
      return { level: 'error', text: clip(`${event.source} failed: ${event.error.message}`) };
    case 'policy-failed':
      return { level: 'error', text: clip(`policy ${event.policy} failed: ${event.problem}`) };
    case 'scorer-failed': {
      const line: EventLine = {
        level: 'error',
        text: clip(`scorer ${event.scorer} failed: ${event.problem}`),
      };
      return event.endpoint === undefined ? line : { ...line, endpoint: event.endpoint };
    }
    default:
      return undefined;
  }
}

/** Shortens what came from outside. */
export function clip(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function about({ endpoint }: { readonly endpoint: string }, level: FeedLevel, text: string): EventLine {
  return { level, endpoint, text: clip(text) };
}
