/** What the harness asks of a process: to end, stop or hold itself at a point (`inside/fault-points.ts` has their names). */
export interface Armed {
  readonly id: string;
  /** With its moment: `payment do call sent`. */
  readonly point: string;
  /** HOLD: nothing happens to it, and it goes on after `holdMs`. */
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'HOLD';
  readonly holdMs?: number;
  /** A pattern of what passes it: the step's key, the request or the record. */
  readonly about?: string;
  /** The how manieth time it is passed; 1 unless given. */
  readonly nth?: number;
}

/** What a process writes down right before it does so. */
export interface Passed {
  readonly id: string;
  readonly point: string;
  readonly pid: number;
  /** The step's key, the request or the record. */
  readonly what: string;
  readonly at: string;
}
