import { vllm } from 'evenkeel/signals/vllm';
import {
  type FleetEvent,
  GPU_KINDS,
  type ReplicaSpec,
  type SimulationReport,
  type Trace,
} from 'evenkeel/simulation';
import { pooledCacheHitRate } from './pooled-cache.js';
import { generated, recorded, type Traffic } from './traces.js';

/** One column of a table: a situation, and what is read off. */
export interface Column {
  readonly title: string;
  readonly fleet: string | readonly ReplicaSpec[];
  readonly traffic: Traffic;
  readonly load: number;
  readonly clients?: number;
  readonly events?: readonly FleetEvent[];
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly title: string;
  readonly unit: 'ms' | 'share';
  of(report: SimulationReport): number;
  /** The most that there could be, by what it would take. */
  readonly bounds?: Readonly<Record<string, (trace: Trace) => number>>;
}

/** One table: a row for each contestant. */
export interface Table {
  readonly title: string;
  readonly note: string;
  readonly columns: readonly Column[];
}

export interface GridOptions {
  /** Requests of a run. */
  readonly requests: number;
  readonly loads: readonly number[];
  readonly clients: readonly number[];
  /** Where recorded traces are, if they are. */
  readonly traces: string;
}

const P99: Figure = { title: 'p99', unit: 'ms', of: ({ firstToken }) => firstToken.p99 };
const MEAN: Figure = { title: 'mean', unit: 'ms', of: ({ firstToken }) => firstToken.mean };
/** With so many replicas that have caches of so many tokens. */
const hits = (replicas: number, tokens: number): Figure => ({
  title: 'hits',
  unit: 'share',
  of: ({ cacheHitRate }) => cacheHitRate,
  bounds: {
    'bound: one cache of their size': (trace) => pooledCacheHitRate(trace, replicas * tokens),
    'bound: infinite caches': (trace) => pooledCacheHitRate(trace),
  },
});

const SMALL = 'a100:3,t4,t4';
const MIXED = 'h100:6,a100:3,a100:3,l4,l4,t4';
/** The same, for clients that read every server's page now and then. */
const POLLED = (
  [
    ['h100', 6],
    ['a100', 3],
    ['a100', 3],
    ['l4', 1],
    ['l4', 1],
    ['t4', 1],
  ] as const
).map(
  ([gpu, weight]): ReplicaSpec => ({
    gpu,
    weight,
    endpoint: { metrics: { parser: vllm(), interval: 5_000 } },
  }),
);
/** Tokens of KV cache that a card has. */
const CARD_CACHE = GPU_KINDS.a100.kvTokens;
/** When the card slows down, in ms: clients know it by then. */
const THROTTLED_AT = 60_000;

/** First tokens of those who came when a client has had a minute to see that a card is slow. */
const RECOVERED: Figure = {
  title: 'p99 from a minute later',
  unit: 'ms',
  of: ({ records }) => {
    const later = records
      .filter(({ at }) => at >= THROTTLED_AT + 60_000)
      .map(({ firstToken = Number.POSITIVE_INFINITY }) => firstToken)
      .sort((one, other) => one - other);
    return later[Math.ceil(0.99 * later.length) - 1] ?? Number.NaN;
  },
};

export function grid({ requests, loads, clients, traces }: GridOptions): readonly Table[] {
  const chat = generated('chat', requests);
  const code = recorded(traces, 'azure-llm-code-2023.csv', { shape: 'code', requests });
  // Prompts come back after a minute or two: a short stretch would show little of it.
  const shared = recorded(traces, 'mooncake-synthetic.jsonl', {
    shape: 'shared-prefix',
    requests: 3 * requests,
  });
  // Long enough to have some that come a minute after the card has slowed down.
  const long = generated('chat', Math.max(2_000, requests));
  const atLoads = (fleet: string, traffic: Traffic, figures: readonly Figure[] = [P99]): Column[] =>
    loads.map((load) => ({ title: `load ${load}`, fleet, traffic, load, figures }));
  return [
    {
      title: 'One A100 and two T4',
      note: `First token, p99. Given weights 3, 1, 1; an A100 really does 9 to 10 times what a T4 does. Traffic: ${chat.name}.`,
      columns: atLoads(SMALL, chat),
    },
    {
      title: 'H100, two A100, two L4, T4',
      note: `First token, p99. Given weights 6, 3, 3, 1, 1, 1. Traffic: ${chat.name}.`,
      columns: atLoads(MIXED, chat),
    },
    {
      title: 'Four A100',
      note: `First token, p99. All weights 1, and right. Traffic: ${chat.name}.`,
      columns: atLoads('a100x4', chat),
    },
    {
      title: 'Many clients',
      note: `First token, p99, at load 0.8 on the fleet of the second table. Each client sees only its own requests. Traffic: ${chat.name}.`,
      columns: clients.map((count) => ({
        title: count === 1 ? '1 client' : `${count} clients`,
        fleet: MIXED,
        traffic: chat,
        load: 0.8,
        clients: count,
        figures: [P99],
      })),
    },
    {
      title: 'Many clients that read metrics pages',
      note: `As above; each client reads every server's page once in 5 s, and those policies of ours that use load signals have them, that old. Traffic: ${chat.name}.`,
      columns: clients
        .filter((count) => count > 1)
        .map((count) => ({
          title: `${count} clients`,
          fleet: POLLED,
          traffic: chat,
          load: 0.8,
          clients: count,
          figures: [MEAN, P99],
        })),
    },
    {
      title: 'Bursts of long prompts and short answers',
      note: `First token at load 0.4, on the fleet of the second table: the bursts are far above what it can do. Traffic: ${code.name}.`,
      columns: [{ title: 'code', fleet: MIXED, traffic: code, load: 0.4, figures: [MEAN, P99] }],
    },
    {
      title: 'Shared prefixes, eight A100',
      note: `First token and the share of prompt tokens that caches had, at load 0.8 of what the fleet could do without caches; with the cache of the card, and with one ten times as large. The last rows are what there is to have: by a single cache of the size of all, and by one without limit, which no placement on any number of replicas goes beyond. Traffic: ${shared.name}.`,
      columns: [
        { title: '', fleet: 'a100x8', traffic: shared, load: 0.8, figures: [MEAN, P99, hits(8, CARD_CACHE)] },
        {
          title: 'large',
          fleet: Array.from({ length: 8 }, () => ({ gpu: 'a100', kvTokens: 10 * CARD_CACHE }) as const),
          traffic: shared,
          load: 0.8,
          figures: [MEAN, P99, hits(8, 10 * CARD_CACHE)],
        },
      ],
    },
    {
      title: 'The fast card slows down',
      note: `First token, p99, of requests that came a minute or more after the H100 of the second table's fleet had begun to take three times as long, at load 0.45 of what the whole fleet can do. Traffic: ${long.name}.`,
      columns: [
        {
          title: 'H100 throttled',
          fleet: MIXED,
          traffic: long,
          load: 0.45,
          events: [{ at: THROTTLED_AT, type: 'throttle', id: 'h100-1', slowdown: 3 }],
          figures: [RECOVERED],
        },
      ],
    },
  ];
}
