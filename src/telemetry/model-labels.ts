/** All models that have no label of their own. */
export const OTHER_MODELS = 'other';

/**
 * The `model` labels of one balancer: those that the user names, and no others. Callers choose what they ask for,
 * and what a caller chooses must not become a series.
 */
export class ModelLabels {
  /** Models that have a label of their own. */
  readonly named: ReadonlySet<string>;

  constructor(models: readonly string[]) {
    this.named = new Set(models);
  }

  /** `undefined` when nothing is counted by model; `''` for requests that name none. */
  of(model: string | undefined): string | undefined {
    if (this.named.size === 0) return undefined;
    if (model === undefined || model === '') return '';
    return this.named.has(model) ? model : OTHER_MODELS;
  }
}
