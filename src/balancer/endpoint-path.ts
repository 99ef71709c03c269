/**
 * The path on the endpoint: its base path, then the request's. What the end of the base path and the beginning
 * of the request path have in common is not repeated: `/v1` and `/openai/v1` both take `/v1/chat/completions`.
 */
export function endpointPath(basePath: string, path: string): string {
  if (basePath === '') return path;
  for (let at = 0; at !== -1; at = basePath.indexOf('/', at + 1)) {
    const tail = basePath.slice(at);
    if (path.startsWith(tail) && isBoundary(path[tail.length])) return basePath.slice(0, at) + path;
  }
  return basePath + path;
}

function isBoundary(character: string | undefined): boolean {
  return character === undefined || character === '/' || character === '?';
}
