import { inService } from '../core/endpoint.js';
import type { FeedTick } from '../facades/dashboard/feed-message.js';
import { byId, element, setData, setText } from './element.js';
import { inShare, inShort, inTime } from './format.js';

interface Figure {
  readonly title: string;
  value(tick: FeedTick): string;
  /** In small letters behind it. */
  note?(tick: FeedTick): string;
  /** Default: nothing out of the ordinary. */
  tone?(tick: FeedTick): 'warn' | 'bad' | undefined;
  /** Default: always. */
  shown?(tick: FeedTick): boolean;
}

const FIGURES: readonly Figure[] = [
  { title: 'Requests', value: ({ requests }) => inShort(requests), note: () => ' /s' },
  { title: 'Errors', value: (tick) => inShare(errorRate(tick)), tone: (tick) => errorTone(errorRate(tick)) },
  {
    title: 'Queued',
    value: ({ queued }) => inShort(queued),
    tone: ({ queued }) => (queued > 0 ? 'warn' : undefined),
  },
  {
    title: 'Outstanding',
    value: ({ outstanding }) => String(outstanding),
    note: (tick) => {
      const limit = totalLimit(tick);
      return limit === undefined ? '' : ` of ${inShort(limit)}`;
    },
  },
  {
    title: 'First token p50, p95',
    value: ({ firstToken }) => inTime(firstToken?.p50),
    note: ({ firstToken }) => (firstToken === undefined ? '' : ` ${inTime(firstToken.p95)}`),
  },
  { title: 'Tokens', value: ({ tokens }) => inShort(tokens), note: () => ' /s' },
  {
    title: 'Available',
    value: ({ available }) => String(available),
    note: ({ endpoints }) => ` of ${endpoints.length}`,
    tone: ({ available, endpoints }) => (available === 0 && endpoints.length > 0 ? 'bad' : undefined),
  },
  {
    title: 'Replicas',
    value: ({ replicas }) => String(replicas.active),
    note: ({ replicas }) => ` of ${replicas.desired} desired`,
    shown: ({ replicas }) => replicas.desired !== undefined,
  },
];

/** The figures at the top. @returns shows a tick's */
export function tiles(): (tick: FeedTick) => void {
  const shown = FIGURES.map((figure) => {
    const value = element('span');
    const note = element('small');
    const tile = element('div.tile', element('dt', figure.title), element('dd', value, note));
    byId('tiles').append(tile);
    return { figure, tile, value, note };
  });
  return (tick) => {
    for (const { figure, tile, value, note } of shown) {
      tile.hidden = figure.shown?.(tick) === false;
      setData(tile, 'tone', figure.tone?.(tick) ?? '');
      setText(value, figure.value(tick));
      setText(note, figure.note?.(tick) ?? '');
    }
  };
}

function errorRate({ requests, failed }: FeedTick): number {
  return requests === 0 ? 0 : failed / requests;
}

/** Above 1 % is what the alert in `examples/monitoring` wakes somebody for. */
function errorTone(rate: number): 'warn' | 'bad' | undefined {
  return rate > 0.01 ? 'bad' : rate > 0 ? 'warn' : undefined;
}

/** Of the endpoints in service; `undefined` where one has none. */
function totalLimit({ endpoints }: FeedTick): number | undefined {
  let sum = 0;
  for (const { maxOutstanding } of endpoints.filter(inService)) {
    if (maxOutstanding === null) return undefined;
    sum += maxOutstanding;
  }
  return sum;
}
