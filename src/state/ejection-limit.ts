/**
 * How many endpoints may be open at once: `max(1, floor(endpoints x ratio))`, as Envoy's max_ejection_percent
 * with its "always one" rule. The only endpoint is never ejected: something must be tried.
 * 3 endpoints at 0.5: 1. 8 at 0.5: 4. 1 at anything: 0.
 */
export function ejectionLimit(endpoints: number, maxOpenRatio: number): number {
  if (endpoints < 2) return 0;
  // The tiny addition undoes binary rounding: 100 x 0.29 is 28.999…
  return Math.max(1, Math.floor(endpoints * maxOpenRatio + 1e-9));
}
