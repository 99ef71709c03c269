import { createParser } from 'eventsource-parser';
import type { FeedTick } from '../facades/dashboard/feed-message.js';

/** The states that a dashboard tells, one after the other. @throws Error when it ends, is lost, or is none */
export async function* feedTicks(url: string, headers: Headers): AsyncGenerator<FeedTick> {
  const answer = await fetch(url, { headers }).catch((error: unknown) => {
    throw new Error(`${url} does not answer`, { cause: error });
  });
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status !== 200 || !type.startsWith('text/event-stream') || answer.body === null)
    throw new Error(`${url} is no dashboard, or not for you: status ${answer.status}`);
  let heard: FeedTick[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'tick') heard.push(JSON.parse(data));
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of answer.body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* heard;
    heard = [];
  }
  throw new Error(`${url} has ended the connection`);
}
