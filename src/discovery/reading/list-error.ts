import type { EndpointConfig } from '../../core/endpoint.js';

/** Where something stands in a document: `['endpoints', 2, 'weight']`. */
export type FieldPath = readonly (string | number)[];

/** A document that is no list of endpoints. */
export class ListError extends Error {
  readonly path: FieldPath;

  constructor(path: FieldPath, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** An endpoint, and where it stands. */
export interface Entry {
  readonly config: EndpointConfig;
  readonly path: FieldPath;
}

/** `endpoints[2].weight` */
export function pathInWords(path: FieldPath): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
