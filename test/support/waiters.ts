/** Those who wait until something holds, asked again whenever it may have come to hold. */
export class Waiters {
  readonly #checks = new Set<() => void>();

  /** Resolves once `holds`, asked now and after every `moved`. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!holds()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  moved(): void {
    for (const check of [...this.#checks]) check();
  }
}
