import type { FeedDecision, FeedEvent, FeedTick } from '../facades/dashboard/feed-message.js';
import { terminalText } from './terminal-text.js';

const LONGEST_NAME = 40;
/** Of an endpoint that stands among others. */
const LONGEST_AMONG_OTHERS = 12;
const LONGEST_TEXT = 200;

/** What happened since the tick before, a line each, the newest last; of the choices the last alone. */
export function newsLines({ events, decisions }: FeedTick): string[] {
  return [...events.map(eventLine), ...decisions.slice(-1).map(decisionLine)];
}

function eventLine({ at, endpoint, text, count }: FeedEvent): string {
  const about = endpoint === undefined ? '' : `${terminalText(endpoint, LONGEST_NAME)}: `;
  return `${time(at)}  ${about}${terminalText(text, LONGEST_TEXT)}${count > 1 ? ` (${count} times)` : ''}`;
}

function decisionLine({ at, policy, choice, candidates, scores }: FeedDecision): string {
  const chosen = choice === undefined ? 'nobody' : terminalText(choice, LONGEST_NAME);
  const figures = scores.map(
    ({ endpoint, score }) =>
      `${terminalText(endpoint, LONGEST_AMONG_OTHERS)} ${Number(score.toPrecision(3))}`,
  );
  const told = figures.length === 0 ? '' : `: ${figures.join(', ')}`;
  return `${time(at)}  ${terminalText(policy, LONGEST_NAME)} chose ${chosen} of ${candidates}${told}`;
}

function time(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}
