import type OpenAI from 'openai';

/** What a user asks, by size. */
export interface Question {
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** How one stream came out. `broken`: it had begun and ended in an error. `failed`: it never began. */
export type Reading =
  | { readonly kind: 'complete'; readonly text: string; readonly firstToken: number }
  | { readonly kind: 'broken' | 'failed'; readonly reason: string };

/** One streamed chat completion, read to its end with the OpenAI client as any application would. */
export async function ask(client: OpenAI, model: string, question: Question): Promise<Reading> {
  const began = performance.now();
  let firstToken: number | undefined;
  let begun = false;
  let text = '';
  let finished = false;
  try {
    const stream = await client.chat.completions.create({
      model,
      stream: true,
      max_tokens: question.answerTokens,
      // About four letters to a token.
      messages: [{ role: 'user', content: 'tell '.repeat(Math.ceil((question.promptTokens * 4) / 5)) }],
    });
    begun = true;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      const content = choice?.delta.content;
      if (content) {
        firstToken ??= performance.now() - began;
        text += content;
      }
      if (choice?.finish_reason) finished = true;
    }
  } catch (error) {
    return { kind: begun ? 'broken' : 'failed', reason: describe(error) };
  }
  if (!finished || firstToken === undefined) {
    return { kind: 'failed', reason: 'the stream ended without the whole text and without an error' };
  }
  return { kind: 'complete', text, firstToken };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
