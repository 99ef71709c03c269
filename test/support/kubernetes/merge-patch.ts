/** RFC 7386: fields of `patch` replace those of `value`, objects field by field; null takes one away. */
export function mergePatch(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(value) ? { ...value } : {};
  for (const [key, field] of Object.entries(patch)) {
    if (field === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], field);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
