/** A prom-client registry, or anything that looks like one. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}
