import type { FeedDecision, FeedEvent } from '../facades/dashboard/feed-message.js';
import { byId, element, prepend } from './element.js';
import { clockTime, inFigure, inShort } from './format.js';

const MOST_EVENTS = 200;
const MOST_DECISIONS = 50;

export function showEvents(events: readonly FeedEvent[]): void {
  for (const { at, level, endpoint, text, count } of events) {
    const line = element(`li.${level}`, element('time', clockTime(at)), ' ');
    if (endpoint !== undefined) line.append(element('b', endpoint), ' ');
    line.append(count > 1 ? `${text} (${count} times)` : text);
    prepend(byId('events'), line, MOST_EVENTS);
  }
}

export function showDecisions(decisions: readonly FeedDecision[]): void {
  for (const decision of decisions) {
    const { at, choice, scores, candidates, policy } = decision;
    const others = candidates - scores.length;
    const figures = scores.map(({ endpoint, score, terms }) => {
      const figure = element('span.score', `${endpoint} ${inFigure(score)}`);
      if (endpoint === choice) figure.classList.add('chosen');
      if (terms !== undefined) {
        const parts = Object.entries(terms).map(([name, value]) => `${name} ${inFigure(value)}`);
        figure.title = parts.join(', ');
      }
      return figure;
    });
    const excluded = Object.entries(decision.excluded).map(([reason, count]) => `${count} ${reason}`);
    const rest = [others > 0 && scores.length > 0 && `${others} more`, ...excluded]
      .filter(Boolean)
      .join(', ');
    const row = element(
      'tr',
      element('td', clockTime(at)),
      element('td', asked(decision)),
      element('td.went', choice ?? 'nobody'),
      element('td', ...figures, element('span.muted', rest === '' ? policy : `${policy}; ${rest}`)),
    );
    prepend(byId('decisions'), row, MOST_DECISIONS);
  }
}

function asked({ model, promptTokens, streaming, attempt }: FeedDecision): string {
  return [
    model ?? 'no model',
    `${inShort(promptTokens)} tokens`,
    streaming && 'stream',
    attempt > 1 && `attempt ${attempt}`,
  ]
    .filter(Boolean)
    .join(', ');
}
