import { StreamError } from 'evenkeel';

/** The ways in which a request may end. Any other is a request that was lost. */
export type Ending =
  /** The whole answer, every character of it. */
  | 'whole'
  /** An error answer of an endpoint or of the balancer, as JSON. */
  | 'refused'
  /** An error inside a stream, or in the place of an answer, passed on as it came. */
  | 'told'
  /** The answer broke off, and the caller has seen it. */
  | 'broken'
  /** The caller left, or read no further. */
  | 'left';

/** What a caller got. */
export interface Got {
  readonly status: number;
  readonly stream: boolean;
  readonly text: string;
  /** What broke the answer; `undefined` for a proper end. */
  readonly error?: unknown;
}

/**
 * How a request that was read to its end has ended.
 *
 * @param expected the text of a whole answer
 * @throws Error when it ended in no way that is allowed
 */
export function judge(got: Got, expected: string): Ending {
  const { status, stream, text, error } = got;
  if (error !== undefined) {
    const clean = error instanceof StreamError || (error as { code?: unknown }).code === 'ECONNRESET';
    if (!clean) throw new Error(`A body failed with ${String(error)}`, { cause: error });
    return 'broken';
  }
  if (status >= 400) {
    if (typeof (JSON.parse(text) as { error?: unknown }).error !== 'object') throw lost(got);
    return 'refused';
  }
  if (status !== 200) throw lost(got);
  const chunks = stream ? events(text) : [JSON.parse(text) as Chunk];
  if (chunks.some((chunk) => chunk !== 'done' && chunk.error !== undefined)) return 'told';
  const content = chunks
    .map((chunk) =>
      chunk === 'done' ? '' : (chunk.choices?.[0]?.delta ?? chunk.choices?.[0]?.message)?.content,
    )
    .join('');
  if (content !== expected || (stream && chunks.at(-1) !== 'done')) throw lost(got);
  return 'whole';
}

interface Chunk {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string };
  }[];
}

function events(text: string): (Chunk | 'done')[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) =>
    data === '[DONE]' ? 'done' : (JSON.parse(data) as Chunk),
  );
}

function lost({ status, text }: Got): Error {
  return new Error(
    `Status ${status}, properly ended, but not an answer: ${JSON.stringify(text.slice(-300))}`,
  );
}
