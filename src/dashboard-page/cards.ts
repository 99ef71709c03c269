import type { FeedEndpoint } from '../facades/dashboard/feed-message.js';
import { type Act, ActionButtons } from './actions.js';
import { Card, toneOf } from './card.js';
import { byId, setText } from './element.js';

/** From so many endpoints on the cards are small. */
const MANY = 24;

/** The cards of all endpoints. @returns shows a tick's */
export function cards(act: Act): (endpoints: readonly FeedEndpoint[], mayAct: boolean) => void {
  const list = byId('endpoints');
  const find = byId<HTMLInputElement>('find');
  const troubled = byId<HTMLInputElement>('troubled');
  const known = new Map<string, Card>();
  let last: readonly FeedEndpoint[] = [];
  let acting = false;

  const sift = (): void => {
    const wanted = find.value.trim().toLowerCase();
    let visible = 0;
    for (const endpoint of last) {
      const card = known.get(endpoint.id);
      const fits =
        endpoint.id.toLowerCase().includes(wanted) && (!troubled.checked || toneOf(endpoint) !== 'good');
      if (fits) visible++;
      if (card !== undefined) card.root.hidden = !fits;
    }
    setText(byId('count'), visible === last.length ? `${visible}` : `${visible} of ${last.length}`);
  };
  find.addEventListener('input', sift);
  troubled.addEventListener('change', sift);

  return (endpoints, mayAct) => {
    // Buttons come and go with the server's word.
    if (mayAct !== acting) for (const id of [...known.keys()]) forget(known, id);
    acting = mayAct;
    const ids = new Set(endpoints.map(({ id }) => id));
    for (const id of [...known.keys()]) if (!ids.has(id)) forget(known, id);
    list.classList.toggle('many', endpoints.length > MANY);
    for (const [index, endpoint] of endpoints.entries()) {
      let card = known.get(endpoint.id);
      if (card === undefined) {
        card = new Card(endpoint.id, mayAct ? new ActionButtons(endpoint.id, act) : undefined);
        known.set(endpoint.id, card);
      }
      if (list.children[index] !== card.root) list.insertBefore(card.root, list.children[index] ?? null);
      card.show(endpoint);
    }
    last = endpoints;
    sift();
  };
}

function forget(known: Map<string, Card>, id: string): void {
  known.get(id)?.root.remove();
  known.delete(id);
}
