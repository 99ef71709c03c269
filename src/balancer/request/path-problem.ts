/** A segment `.` or `..`, also where dots or slashes are escaped, a backslash stands for a slash, or `;` follows. */
const DOT_SEGMENT = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?=$|[/\\;#]|%2f|%5c)/i;

/**
 * Why a path is not sent to any endpoint; `undefined` for a good one. An absolute URL would make an endpoint that is
 * a proxy itself ask any server; dot segments lead out of the base path, and out of the path the caller was let in at.
 *
 * @param pathname without the query
 */
export function pathProblem(pathname: string): string | undefined {
  if (!pathname.startsWith('/')) return 'The request path must begin with a slash';
  return DOT_SEGMENT.test(pathname) ? 'The request path must have no dot segments' : undefined;
}
