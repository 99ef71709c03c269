/** What stands between the caller and two servers. */
export interface Front extends AsyncDisposable {
  readonly url: string;
  /** What a call must carry beside its body. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** A fresh one over these servers, which knows nothing of their past. */
  front(urls: readonly string[]): Promise<Front>;
}

/** One that is not on this machine. */
export interface Absent {
  readonly name: string;
  readonly why: string;
}

/** The limit of each phase, in ms, the same for all: connect, first byte or token, silence in a body. */
export const PHASE_LIMIT = 1500;

/** Attempts at most, the first included, where that can be said. */
export const MOST_ATTEMPTS = 3;
