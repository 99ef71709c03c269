/** A child's side of the conversation: says that it is ready, then answers each message. Ends with its parent. */
export function serveParent(ready: unknown, answer: (message: string) => Promise<unknown>): void {
  process.on('message', async (message: string) => process.send?.((await answer(message)) ?? null));
  process.on('disconnect', () => process.exit());
  process.send?.(ready);
}

/** Processor time of this process so far, in µs. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
