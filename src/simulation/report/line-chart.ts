/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartTerms {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Default 340. */
  readonly height?: number;
}

export interface Axis {
  readonly label: string;
  /** A logarithmic axis has no room for values of 0 or less: they are left out. */
  readonly logarithmic?: boolean;
  readonly format: (value: number) => string;
  /** From here to there at least. Default: what is to be shown. */
  readonly range?: readonly [number, number];
}

/** Okabe and Ito's colours, which most colour-blind people can tell apart; after them the dashes change. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#888888'];
const DASHES = ['none', '6 3', '2 3'];
export const WIDTH = 860;
const MARGIN = { left: 70, right: 220, top: 30, bottom: 50 };

/** An SVG that stands alone. */
export function lineChart(series: readonly Series[], { title, x, y, height = 340 }: ChartTerms): string {
  const visible = series.map(({ name, points }) => ({
    name,
    points: points.filter((point) => shows(point[0], x) && shows(point[1], y)),
  }));
  const all = visible.flatMap(({ points }) => points);
  const across = scale(
    all.map((point) => point[0]),
    x,
    [MARGIN.left, WIDTH - MARGIN.right],
  );
  const up = scale(
    all.map((point) => point[1]),
    y,
    [height - MARGIN.bottom, MARGIN.top],
  );
  const bottom = height - MARGIN.bottom;
  const lines = visible.map(({ points }, index) => {
    const path = points.map((point) => `${tenth(across.at(point[0]))},${tenth(up.at(point[1]))}`).join(' ');
    return `<polyline fill="none" stroke-width="1.8" ${stroke(index)} points="${path}"/>`;
  });
  const legend = visible.map(({ name }, index) => {
    const [left, top] = [WIDTH - MARGIN.right + 14, MARGIN.top + 10 + index * 18];
    return `<path d="M${left} ${top}h24" stroke-width="1.8" ${stroke(index)}/><text x="${left + 30}" y="${top + 4}">${escapeHtml(name)}</text>`;
  });
  const ticks = [
    ...across.ticks.map(
      (value) =>
        `<path d="M${tenth(across.at(value))} ${MARGIN.top}V${bottom}" class="grid"/><text x="${tenth(across.at(value))}" y="${bottom + 16}" text-anchor="middle">${x.format(value)}</text>`,
    ),
    ...up.ticks.map(
      (value) =>
        `<path d="M${MARGIN.left} ${tenth(up.at(value))}H${WIDTH - MARGIN.right}" class="grid"/><text x="${MARGIN.left - 8}" y="${tenth(up.at(value) + 4)}" text-anchor="end">${y.format(value)}</text>`,
    ),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}" font-family="sans-serif" font-size="12">`,
    '<style>.grid{stroke:#8883;stroke-width:1}text{fill:currentColor}</style>',
    `<text x="${MARGIN.left}" y="16" font-weight="bold">${escapeHtml(title)}</text>`,
    ...ticks,
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${height - 10}" text-anchor="middle">${escapeHtml(x.label)}</text>`,
    `<text transform="translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(y.label)}</text>`,
    ...lines,
    ...legend,
    '</svg>',
  ].join('\n');
}

/** For text between tags and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function shows(value: number, { logarithmic = false }: Axis): boolean {
  return Number.isFinite(value) && (!logarithmic || value > 0);
}

function scale(
  values: readonly number[],
  { logarithmic = false, range }: Axis,
  [from, to]: readonly [number, number],
) {
  const measure = logarithmic ? Math.log10 : (value: number) => value;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of range === undefined ? values : [...range, ...values]) {
    low = Math.min(low, measure(value));
    high = Math.max(high, measure(value));
  }
  if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 1, low + 1] : [0, 1];
  const ticks: number[] = [];
  if (logarithmic) for (let ten = Math.ceil(low); ten <= high; ten++) ticks.push(10 ** ten);
  else {
    const step = roundStep((high - low) / 6);
    for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step)
      ticks.push(value);
  }
  return { ticks, at: (value: number) => from + ((measure(value) - low) / (high - low)) * (to - from) };
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(rough: number): number {
  const ten = 10 ** Math.floor(Math.log10(rough));
  const times = rough / ten;
  return ten * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

function stroke(index: number): string {
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length];
  return `stroke="${COLOURS[index % COLOURS.length]}" stroke-dasharray="${dash}"`;
}

function tenth(value: number): string {
  return value.toFixed(1);
}
