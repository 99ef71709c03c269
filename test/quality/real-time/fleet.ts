import { MockLlmServer } from 'evenkeel/testing';

/** What a server is told to be, and what a client is told of it. */
export interface ServerSpec {
  readonly name: string;
  /** As it is given, right or wrong. */
  readonly weight: number;
  /** Prompt tokens a second. */
  readonly prefillRate: number;
}

/** An A100-like server and two like a T4: given 3 to 1, really 10 to 1. */
export const FLEET: readonly ServerSpec[] = [
  { name: 'a100', weight: 3, prefillRate: 8000 },
  { name: 't4-1', weight: 1, prefillRate: 800 },
  { name: 't4-2', weight: 1, prefillRate: 800 },
];

/** Servers over real HTTP that take `timeScale` of the time that the model says. */
export function startFleet(timeScale: number): Promise<readonly MockLlmServer[]> {
  return Promise.all(
    FLEET.map(({ name, prefillRate }) => {
      const tokenTime = 80_000 / prefillRate;
      return MockLlmServer.start({
        name,
        keepRequests: 0,
        tokens: 4096,
        service: {
          prefillRate,
          prefillChunk: 2048,
          stepTime: tokenTime,
          stepTimePerSequence: tokenTime / 20,
          timeScale,
        },
      });
    }),
  );
}
