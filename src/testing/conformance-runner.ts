/** The test functions of the runner in use: vitest, Jest and `node:test` all have them. */
export interface ConformanceRunner {
  /** The test runner's. */
  describe(name: string, suite: () => void): unknown;
  /** The test runner's. */
  it(name: string, test: () => void | Promise<void>): unknown;
}
