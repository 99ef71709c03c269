import { InvalidOptionError } from '../../errors.js';

/** The version at the end of a mount path belongs to the API, not to the application: `/llm/v1`. */
const VERSION_AT_END = /\/v\d+\w*$/;

/** What is to be taken off the paths of requests that come in at `mountPath`. */
export function mountPrefix(mountPath: string): string {
  return mountPath.replace(VERSION_AT_END, '');
}

/**
 * The path to ask an endpoint for: the caller's, without `prefix`. A path that does not begin with it,
 * or only looks so (`/llmx` with `/llm`), stays as it is. An absolute URL, as sent to proxies, loses its origin.
 */
export function forwardedPath(url: string, prefix: string): string {
  let path = url;
  if (!url.startsWith('/') && URL.canParse(url)) {
    const { pathname, search } = new URL(url);
    path = pathname + search;
  }
  if (prefix === '' || !path.startsWith(prefix)) return path;
  const rest = path.slice(prefix.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : path;
}

/** @throws InvalidOptionError unless it is `''` or a path such as `/llm` */
export function checkPrefix(option: string, value: string | undefined): string | undefined {
  if (value !== undefined && (typeof value !== 'string' || !/^(\/[^/?#]+)*$/.test(value))) {
    throw new InvalidOptionError(option, "must be '' or begin with a slash and not end with one", value);
  }
  return value;
}
