/** One line of a metrics page. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Values that labels must have; a series that lacks the label stays. */
export type WantedLabels = Readonly<Record<string, string>>;

/**
 * The series of a metrics page under the names that are asked for, in Prometheus' text format or OpenMetrics.
 * Tolerant: what is no sample is passed over, and so are NaN and the infinities, for they are no readings.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function readSamples(
  text: string,
  names: ReadonlySet<string>,
  wanted: WantedLabels = {},
): ReadonlyMap<string, readonly Sample[]> {
  const found = new Map<string, Sample[]>();
  const rules = Object.entries(wanted);
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end).trim();
    start = end + 1;
    // Pages hold hundreds of series and we want a few: names first.
    const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0];
    if (name === undefined || !names.has(name)) continue;
    const sample = readSample(line.slice(name.length));
    if (sample === undefined || !rules.every(([label, value]) => (sample.labels[label] ?? value) === value))
      continue;
    const series = found.get(name);
    if (series === undefined) found.set(name, [sample]);
    else series.push(sample);
  }
  return found;
}

/** Labels, if any, and the value; a timestamp or an exemplar after it is let be. */
function readSample(rest: string): Sample | undefined {
  const labels: Record<string, string> = {};
  let at = skipBlanks(rest, 0);
  if (rest[at] === '{') {
    at = skipBlanks(rest, at + 1);
    while (rest[at] !== '}') {
      const label = /^([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?\s*/.exec(rest.slice(at));
      if (label === null) return undefined;
      labels[label[1] ?? ''] = unescaped(label[2] ?? '');
      at += label[0].length;
    }
    at++;
  } else if (at === 0) return undefined;
  const digits = /^\s*(\S+)/.exec(rest.slice(at))?.[1];
  const value = digits === undefined ? Number.NaN : Number(digits);
  return Number.isFinite(value) ? { labels, value } : undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, one) => (one === 'n' ? '\n' : one)) : text;
}
