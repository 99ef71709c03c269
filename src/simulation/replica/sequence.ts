/** What a replica tells of a request it works on. */
export interface SequenceListener {
  firstToken(): void;
  finished(): void;
  /** The replica died. */
  lost(): void;
}

/** One request inside a replica. */
export class Sequence {
  readonly prompt: number;
  /** Tokens it will answer with; at least 1. */
  readonly output: number;
  /** Ids of its prompt's full blocks. */
  readonly blocks: readonly number[];
  readonly listener: SequenceListener;
  /** Prompt tokens still to be computed. */
  toPrefill: number;
  /** Its blocks that are in the cache under their ids. */
  heldBlocks = 0;
  /** The replica's count of steps at which its last token comes; 0 before the first one has come. */
  lastStep = 0;
  aborted = false;

  constructor(
    request: { readonly prompt: number; readonly output: number; readonly blocks: readonly number[] },
    listener: SequenceListener,
  ) {
    this.prompt = request.prompt;
    this.output = request.output;
    this.blocks = request.blocks;
    this.listener = listener;
    this.toPrefill = request.prompt;
  }
}
