import type { InferenceRequest } from 'evenkeel';

/** The prompt's blocks, where they are known. */
export function promptBlocks(
  request: InferenceRequest & { readonly promptBlocks?: () => readonly number[] },
): readonly number[] {
  return request.promptBlocks?.() ?? [];
}
