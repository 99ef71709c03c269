/** What a request is for, in OpenTelemetry's words (`gen_ai.operation.name`); `other`: none of them. */
export const OPERATIONS = ['chat', 'text_completion', 'embeddings', 'other'] as const;

export type Operation = (typeof OPERATIONS)[number];

/** The first that fits counts: a chat completion ends like a completion. */
const ENDINGS: readonly (readonly [ending: string, operation: Operation])[] = [
  ['/chat/completions', 'chat'],
  ['/responses', 'chat'],
  ['/messages', 'chat'],
  ['/api/chat', 'chat'],
  ['/completions', 'text_completion'],
  ['/api/generate', 'text_completion'],
  ['/embeddings', 'embeddings'],
  ['/api/embed', 'embeddings'],
];

/** By the end of the path; the query does not count. */
export function operationOf(path: string): Operation {
  const query = path.indexOf('?');
  const pathname = query === -1 ? path : path.slice(0, query);
  for (const [ending, operation] of ENDINGS) if (pathname.endsWith(ending)) return operation;
  return 'other';
}
