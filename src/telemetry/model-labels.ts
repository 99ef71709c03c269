/** How many models get series of their own where nobody says which. */
const MOST = 20;
/** Longer names are no models, and a label is kept for good. */
const LONGEST = 200;

/** All that have none. */
export const OTHER_MODELS = 'other';

/** The `model` labels of one balancer. Callers choose what they ask for, so the number of labels is bounded. */
export class ModelLabels {
  readonly #known: Set<string>;
  readonly #most: number;

  /** @param models those with a label of their own. Default: the first 20 that are asked for */
  constructor(models: readonly string[] | undefined) {
    this.#known = new Set(models);
    this.#most = models === undefined ? MOST : models.length;
  }

  /** Models that have a label of their own. */
  get known(): ReadonlySet<string> {
    return this.#known;
  }

  /** `''` for requests that name no model. */
  of(model: string | undefined): string {
    if (model === undefined || model === '') return '';
    if (this.#known.has(model)) return model;
    if (this.#known.size >= this.#most || model.length > LONGEST) return OTHER_MODELS;
    this.#known.add(model);
    return model;
  }
}
