import type { FeedHello, FeedTick } from '../facades/dashboard/feed-message.js';

export interface Listener {
  hello(hello: FeedHello): void;
  tick(tick: FeedTick): void;
  /** Nothing is heard; it tries again. */
  lost(): void;
}

/** Milliseconds until a connection that was refused is tried again. */
const AGAIN = 2_000;
/** Intervals without a word after which the connection counts as dead. */
const SILENCE = 5;

/**
 * Listens to the feed at the page's own address, for good: an EventSource by itself gives up on an error answer. With the
 * browser's timers: `system.ts` is made of Node's.
 */
export function listen(listener: Listener): void {
  let interval = 1_000;
  let silence: ReturnType<typeof setTimeout> | undefined;
  const source = new EventSource(location.pathname + location.search);
  const again = (): void => {
    clearTimeout(silence);
    source.close();
    listener.lost();
    setTimeout(() => listen(listener), AGAIN);
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(again, SILENCE * interval + AGAIN);
  };
  source.addEventListener('hello', ({ data }) => {
    const hello: FeedHello = JSON.parse(data);
    interval = hello.interval;
    heard();
    listener.hello(hello);
  });
  source.addEventListener('tick', ({ data }) => {
    heard();
    listener.tick(JSON.parse(data));
  });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) again();
    else listener.lost();
  });
}
