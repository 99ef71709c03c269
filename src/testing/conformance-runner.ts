/** The test functions of the runner in use: vitest, Jest and `node:test` all have them. */
export interface ConformanceRunner {
  describe(name: string, suite: () => void): unknown;
  it(name: string, test: () => void | Promise<void>): unknown;
}
