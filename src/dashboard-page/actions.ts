import type { FeedEndpoint } from '../facades/dashboard/feed-message.js';
import { byId, element } from './element.js';

export type ActionName = 'drain' | 'activate' | 'standby' | 'weight';

export interface Action {
  readonly name: ActionName;
  readonly endpoint: string;
  /** Of `weight`. */
  readonly weight?: string;
}

export type Act = (action: Action) => void;

const ACTIONS: Readonly<
  Record<
    ActionName,
    { readonly title: string; readonly effect: string; readonly resting: boolean | undefined }
  >
> = {
  drain: { title: 'Drain', effect: 'It gets no new request, and finishes those it has.', resting: false },
  activate: { title: 'Activate', effect: 'It takes requests.', resting: true },
  standby: {
    title: 'Standby',
    effect: 'It finishes its requests, and waits in reserve until it is needed.',
    resting: false,
  },
  weight: {
    title: 'Weight',
    effect: 'Its share of the requests, against the weights of the others. 0: no new request.',
    resting: undefined,
  },
};

/** Buttons for one endpoint, of which those are shown that can do something. */
export class ActionButtons {
  readonly root: HTMLElement;
  readonly #buttons = new Map<ActionName, HTMLElement>();
  #weight = 1;

  constructor(id: string, act: Act) {
    for (const name of Object.keys(ACTIONS) as ActionName[]) {
      const button = element('button', ACTIONS[name].title);
      button.setAttribute('type', 'button');
      button.setAttribute('aria-label', `${ACTIONS[name].title} ${id}`);
      button.addEventListener('click', () => {
        void asked(name, id, this.#weight).then((action) => action !== undefined && act(action));
      });
      this.#buttons.set(name, button);
    }
    this.root = element('p.actions', ...this.#buttons.values());
  }

  show({ state, weight }: FeedEndpoint): void {
    this.#weight = weight;
    const resting = state === 'draining' || state === 'standby';
    for (const [name, button] of this.#buttons) {
      const useless = ACTIONS[name].resting === !resting;
      // Whoever works by keyboard stays where he was.
      if (useless && button === document.activeElement) this.#buttons.get('weight')?.focus();
      button.hidden = useless;
    }
  }
}

/** Asks whoever clicked. */
function asked(name: ActionName, endpoint: string, weight: number): Promise<Action | undefined> {
  const dialog = byId<HTMLDialogElement>('confirm');
  const field = byId<HTMLInputElement>('confirm-weight');
  const { title, effect } = ACTIONS[name];
  byId('confirm-title').textContent =
    `${title} ${endpoint.length > 100 ? `${endpoint.slice(0, 100)}…` : endpoint}?`;
  byId('confirm-text').textContent = effect;
  byId('confirm-value').hidden = name !== 'weight';
  field.value = String(weight);
  dialog.returnValue = 'no';
  const confirm = () => {
    if (name !== 'weight' || field.reportValidity()) dialog.close('yes');
  };
  byId('confirm-yes').onclick = confirm;
  byId('confirm-no').onclick = () => dialog.close('no');
  field.onkeydown = (event) => {
    if (event.key !== 'Enter') return;
    // Or the button that gets the focus back is pressed by the same key.
    event.preventDefault();
    confirm();
  };
  dialog.showModal();
  if (name === 'weight') field.select();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        if (dialog.returnValue !== 'yes') resolve(undefined);
        else resolve(name === 'weight' ? { name, endpoint, weight: field.value } : { name, endpoint });
      },
      { once: true },
    );
  });
}

/** Sends it. @throws with what the server said */
export async function sendAction({ name, endpoint, weight }: Action, token: string): Promise<void> {
  const url = new URL(location.href);
  url.searchParams.set('action', name);
  url.searchParams.set('endpoint', endpoint);
  if (weight !== undefined) url.searchParams.set('weight', weight);
  const answer = await fetch(url, { method: 'POST', headers: { 'x-evenkeel-token': token } });
  if (!answer.ok) throw new Error((await answer.text()).trim());
}
