import uPlot from 'uplot';
import type { FeedTick } from '../facades/dashboard/feed-message.js';
import { byId, element } from './element.js';
import { clockTime } from './format.js';

/** Points kept: five minutes of seconds. */
const MOST = 300;
const HEIGHT = 124;

interface Series {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  value(tick: FeedTick): number | undefined;
}

interface Chart {
  readonly title: string;
  /** Its values are no whole numbers. */
  readonly parts?: boolean;
  readonly series: readonly Series[];
}

const CHARTS: readonly Chart[] = [
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
      { label: 'queued', color: '--warn', value: ({ queued }) => queued },
    ],
  },
  {
    title: 'First token, s',
    parts: true,
    series: [
      { label: 'p50', color: '--accent', value: ({ firstToken }) => seconds(firstToken?.p50) },
      { label: 'p95', color: '--second', value: ({ firstToken }) => seconds(firstToken?.p95) },
    ],
  },
  {
    title: 'Endpoints',
    series: [
      { label: 'available', color: '--good', value: ({ available }) => available },
      { label: 'active', color: '--muted', value: ({ replicas }) => replicas.active },
      { label: 'desired', color: '--second', value: ({ replicas }) => replicas.desired },
    ],
  },
];

/** Steps of an axis. */
const WHOLE = [1, 10, 100, 1_000, 10_000].flatMap((one) => [one, 2 * one, 5 * one]);

/** The charts. @returns adds a tick to them */
export function charts(): (tick: FeedTick) => void {
  const times: number[] = [];
  const drawn = CHARTS.map((chart) => {
    const { title, series } = chart;
    const keys = series.map(({ label, color }) => {
      const key = element('span.key', label);
      key.style.setProperty('--key', `var(${color})`);
      key.hidden = true;
      return key;
    });
    const canvas = element('div');
    canvas.setAttribute('role', 'img');
    const holder = element('div.chart', element('h3', element('b', title), ...keys), canvas);
    byId('charts').append(holder);
    const values: (number | null)[][] = series.map(() => []);
    let plot = draw(canvas, chart);
    new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: HEIGHT })).observe(canvas);
    // A canvas does not follow the style sheet.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      plot.destroy();
      plot = draw(canvas, chart);
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

function draw(holder: HTMLElement, { series, parts = false }: Chart): uPlot {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name);
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1, size: 4 },
    font: '11px Inter, system-ui, sans-serif',
  };
  return new uPlot(
    {
      width: holder.clientWidth || 300,
      height: HEIGHT,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 84, values: (_plot, at) => at.map(clockTimeOf) },
        { ...axis, size: 34, space: 30, ticks: { show: false }, ...(!parts && { incrs: WHOLE }) },
      ],
      series: [
        {},
        ...series.map(({ label, color: name }, index) => ({
          label,
          stroke: color(name),
          width: 1.6,
          points: { show: false },
          // Told apart by more than their colours.
          ...(index === 0 ? { fill: `${color(name)}22` } : { dash: [4, 3] }),
        })),
      ],
    },
    [[], ...series.map(() => [])],
    holder,
  );
}

function clockTimeOf(seconds: number): string {
  return clockTime(seconds * 1_000);
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1_000;
}
