import type { FeedEndpoint, FeedTick } from '../facades/dashboard/feed-message.js';
import { sendAction } from './actions.js';
import { cards } from './cards.js';
import { charts } from './charts.js';
import { listen } from './connection.js';
import { byId, setData, setText } from './element.js';
import { showDecisions, showEvents } from './lists.js';
import { tiles } from './tiles.js';

let token: string | undefined;
let troubled: ReadonlySet<string> | undefined;

const showTiles = tiles();
const addToCharts = charts();
const showCards = cards((action) => {
  if (token === undefined) return;
  sendAction(action, token).catch((error: unknown) =>
    announce(`${action.name} ${action.endpoint}: ${String(error)}`, true),
  );
});

listen({
  hello: (hello) => {
    token = hello.token;
  },
  tick: (tick) => {
    connection(tick.closed ? 'The balancer is closed' : 'Live', tick.closed ? 'idle' : 'good');
    showTiles(tick);
    addToCharts(tick);
    showCards(tick.endpoints, token !== undefined);
    showEvents(tick.events);
    showDecisions(tick.decisions);
    tellOfTrouble(tick);
  },
  lost: () => connection('Connection lost, trying again …', 'bad'),
});

function connection(text: string, level: 'good' | 'bad' | 'idle'): void {
  setText(byId('connection'), text);
  setData(byId('connection'), 'level', level);
  document.body.classList.toggle('stale', level !== 'good');
}

/** For those who listen instead of looking: what has changed since the last tick, in one sentence. */
function tellOfTrouble({ endpoints, available }: FeedTick): void {
  const now = new Set(endpoints.filter(inTrouble).map(({ id }) => id));
  const before = troubled;
  troubled = now;
  if (before === undefined) return;
  const fallen = [...now].filter((id) => !before.has(id));
  const back = [...before].filter((id) => !now.has(id));
  if (fallen.length + back.length === 0) return;
  const parts = [
    fallen.length > 0 && `in trouble: ${fallen.slice(0, 3).join(', ')}`,
    back.length > 0 && `no longer in trouble: ${back.slice(0, 3).join(', ')}`,
    `${available} of ${endpoints.length} available`,
  ];
  announce(parts.filter(Boolean).join('; '));
}

function inTrouble({ state }: FeedEndpoint): boolean {
  return state === 'open' || state === 'suspect' || state === 'half-open';
}

function announce(text: string, visibly = false): void {
  byId('news').textContent = text;
  // The browser's clock: `system.ts` is made of Node's.
  if (visibly) showEvents([{ at: Date.now(), level: 'error', text, count: 1 }]);
}
