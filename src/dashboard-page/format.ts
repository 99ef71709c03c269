const NONE = '–';

/** `–` when unknown. */
export function inTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return NONE;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1_000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
}

export function inShare(share: number | undefined): string {
  if (share === undefined) return NONE;
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** Three digits are enough to see. */
export function inShort(value: number): string {
  if (value >= 100_000) return `${Math.round(value / 1_000)}k`;
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
}

export function inSeconds(milliseconds: number): string {
  return `${Math.max(1, Math.ceil(milliseconds / 1_000))} s`;
}

/** A score, of whatever size. */
export function inFigure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}
