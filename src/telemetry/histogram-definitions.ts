/** OpenTelemetry's for LLM servers, and on to 40 s: a prompt may wait behind others. */
const FIRST_TOKEN_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40,
];

export type HistogramName =
  | 'request_duration_seconds'
  | 'time_to_first_token_seconds'
  | 'time_per_output_token_seconds'
  | 'request_queue_wait_seconds';

interface HistogramDefinition {
  readonly help: string;
  readonly buckets: readonly number[];
}

export const HISTOGRAMS: Readonly<Record<HistogramName, HistogramDefinition>> = {
  request_duration_seconds: {
    help: 'From a request coming in to the end of its answer, retries and queueing included.',
    // OpenTelemetry's for LLM clients, which end at 81.92, and on: clients wait for 600 s and longer. 30 is one more,
    // for alerts on it: between 20.48 and 40.96 a quantile is a guess.
    buckets: [
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 30, 40.96, 81.92, 163.84,
      327.68, 655.36,
    ],
  },
  time_to_first_token_seconds: {
    help: 'Streams: from sending an attempt to its first content.',
    buckets: FIRST_TOKEN_BUCKETS,
  },
  time_per_output_token_seconds: {
    help: 'Streams: mean time between the content events of an attempt.',
    // OpenTelemetry's, with three below them: small models on fast hardware.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  },
  request_queue_wait_seconds: {
    help: 'How long requests waited for admission, those that had to.',
    buckets: FIRST_TOKEN_BUCKETS,
  },
};
