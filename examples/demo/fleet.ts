import { MockLlmServer, type MockServiceOptions } from 'evenkeel/testing';

/** A model server of the demo. */
export interface Server {
  readonly id: string;
  readonly url: string;
  readonly weight: number;
  /** Set for servers the demo itself started, and may therefore kill. */
  readonly mock: MockLlmServer | undefined;
}

/** How fast a server of weight 1 is; one of weight 3 does three times as much at a time. */
export interface Pace {
  /** Prompt tokens per second. */
  readonly prefillRate: number;
  /** Prompt tokens in one step of the engine. */
  readonly prefillChunk: number;
}

/** In tokens; a question may ask for less. */
const LONGEST_ANSWER = 1_000;

const FLEET = [
  { id: 'big', weight: 3 },
  { id: 'small-1', weight: 1 },
  { id: 'small-2', weight: 1 },
];

/** Weights of the fleet added up: its capacity, in servers of weight 1. */
export const FLEET_CAPACITY = FLEET.reduce((sum, { weight }) => sum + weight, 0);

/** Three servers, one with three times the capacity of the others. */
export function startFleet(pace: Pace): Promise<Server[]> {
  return Promise.all(
    FLEET.map(async ({ id, weight }) => {
      const mock = await MockLlmServer.start({
        name: id,
        tokens: LONGEST_ANSWER,
        service: service(weight, pace),
      });
      return { id, weight, url: mock.url, mock };
    }),
  );
}

/** A token takes 16 ms alone and 36 ms in a full batch, of 15 at weight 1 and 45 at 3: 420 and 1250 tokens per second. */
function service(weight: number, pace: Pace): MockServiceOptions {
  return {
    slots: 15 * weight,
    stepTime: 15,
    stepTimePerSequence: 21 / (15 * weight),
    prefillRate: pace.prefillRate * weight,
    prefillChunk: pace.prefillChunk * weight,
  };
}

/** Servers that run already: of equal weight, and not the demo's to kill. */
export function running(urls: readonly string[]): Server[] {
  return urls.map((url) => ({ id: url, url, weight: 1, mock: undefined }));
}
