import uPlot from 'uplot';
import type { FeedTick } from '../facades/dashboard/feed-message.js';
import { byId, element } from './element.js';

/** Points kept: five minutes of seconds. */
const MOST = 300;
const HEIGHT = 130;

interface Series {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  value(tick: FeedTick): number | undefined;
}

const CHARTS: readonly { readonly title: string; readonly series: readonly Series[] }[] = [
  {
    title: 'Requests /s',
    series: [
      { label: 'ended', color: '--accent', value: ({ requests }) => requests },
      { label: 'failed', color: '--bad', value: ({ failed }) => failed },
    ],
  },
  {
    title: 'Under way',
    series: [
      { label: 'outstanding', color: '--accent', value: ({ outstanding }) => outstanding },
      { label: 'queued', color: '--bad', value: ({ queued }) => queued },
    ],
  },
  {
    title: 'First token, s',
    series: [
      { label: 'p50', color: '--accent', value: ({ firstToken }) => seconds(firstToken?.p50) },
      { label: 'p95', color: '--bad', value: ({ firstToken }) => seconds(firstToken?.p95) },
    ],
  },
  {
    title: 'Endpoints',
    series: [
      { label: 'active', color: '--accent', value: ({ replicas }) => replicas.active },
      { label: 'available', color: '--bad', value: ({ available }) => available },
      { label: 'desired', color: '--warn', value: ({ replicas }) => replicas.desired },
    ],
  },
];

const KEYS = ['key', 'key.second', 'key.third'];

/** The charts. @returns adds a tick to them */
export function charts(): (tick: FeedTick) => void {
  const times: number[] = [];
  const drawn = CHARTS.map(({ title, series }) => {
    const keys = series.map(({ label }, index) => element(`span.${KEYS[index]}`, label));
    for (const key of keys) key.hidden = true;
    const canvas = element('div');
    canvas.setAttribute('role', 'img');
    const holder = element('div.chart', element('h3', element('b', title), ...keys), canvas);
    byId('charts').append(holder);
    const values: (number | null)[][] = series.map(() => []);
    let plot = draw(canvas, series);
    new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: HEIGHT })).observe(canvas);
    // A canvas does not follow the style sheet.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      plot.destroy();
      plot = draw(canvas, series);
      plot.setData([times, ...values]);
    });
    return (tick: FeedTick) => {
      for (const [index, { value }] of series.entries()) {
        const key = keys[index];
        if (key !== undefined && value(tick) !== undefined) key.hidden = false;
        const line = values[index];
        line?.push(value(tick) ?? null);
        if (line !== undefined && line.length > MOST) line.shift();
      }
      if (!document.hidden) plot.setData([times, ...values]);
      const now = series.map(({ label, value }) => `${label} ${value(tick) ?? 'unknown'}`).join(', ');
      canvas.setAttribute('aria-label', `${title}: ${now}`);
    };
  });
  return (tick) => {
    times.push(tick.at / 1_000);
    if (times.length > MOST) times.shift();
    for (const add of drawn) add(tick);
  };
}

function draw(holder: HTMLElement, series: readonly Series[]): uPlot {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name);
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1, size: 4 },
    font: '11px system-ui, sans-serif',
  };
  return new uPlot(
    {
      width: holder.clientWidth || 300,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, size: 24, space: 70 },
        { ...axis, size: 40, space: 28 },
      ],
      series: [
        {},
        ...series.map(({ label, color: name }, index) => ({
          label,
          stroke: color(name),
          width: 1.5,
          points: { show: false },
          ...(index > 0 ? { dash: [5, 3] } : {}),
        })),
      ],
    },
    [[], ...series.map(() => [])],
    holder,
  );
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1_000;
}
