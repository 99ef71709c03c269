/** Milliseconds for people: `370 ms`, `4.61 s`, `988 s`; a dash where there are none. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  return ms < 1_000 ? `${figure(ms)} ms` : `${figure(ms / 1_000)} s`;
}

/** `87 %`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %` : '–';
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(2, 2 - digits)));
}
