/** What became of one request, as its caller saw it. Times in ms of virtual time. */
export interface SimulatedRequest {
  /** When it was made. */
  readonly at: number;
  /** Which of the clients sent it, from 0. */
  readonly client: number;
  /** In tokens. */
  readonly prompt: number;
  /** In tokens. */
  readonly output: number;
  /** Who answered; `undefined` when nobody did. */
  endpoint: string | undefined;
  /** First and further ones. */
  attempts: number;
  /** 0 while it is under way, and for a request that never ended. */
  status: number;
  /** From the making to the first token; `undefined` when none came. */
  firstToken: number | undefined;
  /** From the making to the end of a whole answer; `undefined` when there was none. */
  endToEnd: number | undefined;
}
