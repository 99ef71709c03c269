/** What a request is for, in OpenTelemetry's words (`gen_ai.operation.name`); `other`: none of them. */
export const OPERATIONS = ['chat', 'text_completion', 'embeddings', 'other'] as const;

export type Operation = (typeof OPERATIONS)[number];

const CHAT = /\/(?:chat\/completions|responses|messages|api\/chat)$/;
const TEXT_COMPLETION = /\/(?:completions|api\/generate)$/;
const EMBEDDINGS = /\/(?:embeddings|api\/embed)$/;

/** By the end of the path; the query does not count. */
export function operationOf(path: string): Operation {
  const query = path.indexOf('?');
  const pathname = query === -1 ? path : path.slice(0, query);
  if (CHAT.test(pathname)) return 'chat';
  if (TEXT_COMPLETION.test(pathname)) return 'text_completion';
  return EMBEDDINGS.test(pathname) ? 'embeddings' : 'other';
}
