/** Where a command writes. */
export interface CommandStreams {
  readonly stdout: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}
