/** A prom-client registry, or anything that looks like one. */
export interface MetricsSource {
  /** Of what `metrics` gives. */
  readonly contentType: string;
  /** The registry's text, as Prometheus scrapes it. */
  metrics(): Promise<string>;
}
