/** The network between a role and what it needs, which a row can make bad and good again. */
export interface Link {
  /** Where the role reaches it: host:port. */
  readonly address: string;
  /** How many connections there are now. */
  connections(): Promise<number>;
  /** All that is sent arrives so much later. */
  delay(ms: number): Promise<void>;
  /** No more than so many bytes a second get through, on each connection and way. */
  throttle(bytesPerSecond: number): Promise<void>;
  /** Every connection is reset; new ones are not. */
  reset(): Promise<void>;
  /** Every connection ends, and no new one is taken. */
  refuse(): Promise<void>;
  /** Nothing arrives any more, and neither side is shown so. */
  silence(): Promise<void>;
  /** New connections are good again; those that were silenced stay lost. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a link to host:port. */
export type LinkTo = (target: string, name: string) => Promise<Link>;
