import type { FeedEndpoint } from '../facades/dashboard/feed-message.js';
import type { ActionButtons } from './actions.js';
import { element, setData, setText } from './element.js';
import { inSeconds, inShare, inShort, inTime } from './format.js';

export type Tone = 'good' | 'warn' | 'bad' | 'idle';

const TONES: Readonly<Record<FeedEndpoint['state'], Tone>> = {
  healthy: 'good',
  'cooling-off': 'warn',
  'half-open': 'warn',
  suspect: 'bad',
  open: 'bad',
  draining: 'idle',
  warming: 'idle',
  standby: 'idle',
};

export function toneOf({ state }: FeedEndpoint): Tone {
  return TONES[state];
}

interface Reading {
  readonly title: string;
  readonly value: string;
  /** For a bar. */
  readonly share?: number;
}

/** One endpoint. */
export class Card {
  readonly root: HTMLElement;
  readonly #name = element('h3');
  readonly #state = element('span.state');
  readonly #about = element('p.about');
  readonly #readings = element('dl');
  readonly #rows = new Map<string, { row: HTMLElement; bar: HTMLElement | undefined; value: HTMLElement }>();

  readonly #actions: ActionButtons | undefined;

  constructor(id: string, actions: ActionButtons | undefined) {
    this.#actions = actions;
    this.root = element(
      'article.card',
      element('header', this.#name, this.#state),
      this.#about,
      this.#readings,
    );
    this.#name.textContent = id;
    this.#name.title = id;
    if (actions !== undefined) this.root.append(actions.root);
  }

  show(endpoint: FeedEndpoint): void {
    const tone = toneOf(endpoint);
    setData(this.root, 'tone', tone);
    setData(this.#state, 'level', tone);
    setText(this.#state, endpoint.state);
    setText(this.#about, about(endpoint));
    this.#actions?.show(endpoint);
    const readings = readingsOf(endpoint);
    for (const reading of readings) this.#show(reading);
    for (const [title, { row }] of this.#rows) row.hidden = !readings.some((one) => one.title === title);
  }

  #show({ title, value, share }: Reading): void {
    let shown = this.#rows.get(title);
    if (shown === undefined) {
      const bar = share === undefined ? undefined : element('i');
      const text = element('span');
      const cell = bar === undefined ? element('dd', text) : element('dd', element('span.meter', bar), text);
      const row = element('div.row', element('dt', title), cell);
      this.#readings.append(row);
      shown = { row, bar, value: text };
      this.#rows.set(title, shown);
    }
    setText(shown.value, value);
    if (shown.bar === undefined || share === undefined) return;
    const width = `${Math.round(Math.min(1, share) * 100)}%`;
    if (shown.bar.style.width !== width) shown.bar.style.width = width;
    shown.bar.parentElement?.classList.toggle('full', share >= 0.9);
  }
}

/** What is out of the ordinary, and where it stands. */
function about({ reopensIn, coolsOffFor, tier, weight, load }: FeedEndpoint): string {
  return [
    reopensIn !== undefined && reopensIn > 0 && `tried again in ${inSeconds(reopensIn)}`,
    coolsOffFor !== undefined && `cools off for ${inSeconds(coolsOffFor)}`,
    load?.asleep === true && 'asleep',
    tier > 0 && `tier ${tier}`,
    `weight ${inShort(weight)}`,
  ]
    .filter((part) => part !== false)
    .join(' · ');
}

function readingsOf({ outstanding, maxOutstanding, tokens, firstToken, load }: FeedEndpoint): Reading[] {
  const readings: Reading[] = [
    maxOutstanding === null
      ? { title: 'Outstanding', value: String(outstanding) }
      : {
          title: 'Outstanding',
          value: `${outstanding} of ${inShort(maxOutstanding)}`,
          share: maxOutstanding === 0 ? 1 : outstanding / maxOutstanding,
        },
    { title: 'Tokens', value: `${inShort(tokens)} /s` },
    {
      title: 'First token',
      value: firstToken === undefined ? '–' : `${inTime(firstToken.p50)} · p95 ${inTime(firstToken.p95)}`,
    },
  ];
  if (load?.waiting !== undefined) readings.push({ title: 'Waiting inside', value: String(load.waiting) });
  const shares = [
    ['KV cache', load?.kvCacheUsage],
    ['GPU', load?.gpuUtilization],
    ['VRAM', load?.vramUsage],
  ] as const;
  for (const [title, share] of shares)
    if (share !== undefined) readings.push({ title, value: inShare(share), share });
  return readings;
}
