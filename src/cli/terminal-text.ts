/** Letters, figures and signs; no control characters, and none that turn, join or hide others. */
const HARMLESS = /[^\p{L}\p{N}\p{P}\p{S} ]/gu;

/** A text with nothing in it that a terminal would obey, whoever made it up, and no longer than fits. */
export function terminalText(text: string, longest: number): string {
  const signs = [...text.slice(0, 2 * longest).replace(HARMLESS, '?')];
  return signs.length > longest ? `${signs.slice(0, longest - 1).join('')}…` : signs.join('');
}
