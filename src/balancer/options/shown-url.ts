import { hashText } from '../../core/rendezvous.js';

/** Parts of a path that are nobody's secret: the version of an API, and what such paths are called. */
const PLAIN = /^(?:|v\d+(?:(?:alpha|beta)\d*)?|api|openai)$/;

/**
 * An endpoint's url as everybody may see it: some services take their key in the path, so every part of it but versions,
 * `api` and `openai` is shown as a digest of it, which still tells one from another.
 *
 * @param url absolute, without credentials, query and fragment
 */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  const parts = pathname.split('/');
  if (parts.every((part) => PLAIN.test(part))) return url;
  return origin + parts.map((part) => (PLAIN.test(part) ? part : digest(part))).join('/');
}

/** 32 bits: enough to tell paths apart, and far too few to get a key back from, whatever the hash. */
function digest(part: string): string {
  return `~${(hashText(part)[0] >>> 0).toString(16).padStart(8, '0')}`;
}
