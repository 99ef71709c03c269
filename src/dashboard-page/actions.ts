import { byId, element } from './element.js';

export type ActionName = 'drain' | 'activate' | 'standby';
export type Act = (action: ActionName, id: string) => void;

const ACTIONS: Readonly<Record<ActionName, { readonly title: string; readonly effect: string }>> = {
  drain: { title: 'Drain', effect: 'It gets no new request, and finishes those it has.' },
  activate: { title: 'Activate', effect: 'It takes requests.' },
  standby: { title: 'Standby', effect: 'It finishes its requests, and waits in reserve until it is needed.' },
};

/** Buttons for one endpoint. */
export function actionButtons(id: string, act: Act): HTMLElement {
  const buttons = (Object.keys(ACTIONS) as ActionName[]).map((action) => {
    const button = element('button', ACTIONS[action].title);
    button.setAttribute('type', 'button');
    button.setAttribute('aria-label', `${ACTIONS[action].title} ${id}`);
    button.addEventListener('click', () => void confirmed(action, id).then((yes) => yes && act(action, id)));
    return button;
  });
  return element('p.actions', ...buttons);
}

/** Asks whoever clicked. */
function confirmed(action: ActionName, id: string): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>('confirm');
  const { title, effect } = ACTIONS[action];
  byId('confirm-title').textContent = `${title} ${id.length > 100 ? `${id.slice(0, 100)}…` : id}?`;
  byId('confirm-text').textContent = effect;
  dialog.returnValue = 'no';
  byId('confirm-yes').onclick = () => dialog.close('yes');
  byId('confirm-no').onclick = () => dialog.close('no');
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** Sends it. @throws with what the server said */
export async function sendAction(action: ActionName, id: string, token: string): Promise<void> {
  const url = new URL(location.href);
  url.searchParams.set('action', action);
  url.searchParams.set('endpoint', id);
  const answer = await fetch(url, { method: 'POST', headers: { 'x-evenkeel-token': token } });
  if (!answer.ok) throw new Error((await answer.text()).trim());
}
