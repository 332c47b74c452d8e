/** The demo was asked to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Ends what was started, in reverse, before the process ends. */
export class Cleanup {
  private readonly ends: (() => Promise<void>)[] = [];
  private hasBegun = false;
  /**
   * Resolves with the first signal that asks to stop. A second one changes nothing: a terminal and npm may both send
   * one, and a process left behind would be worse than waiting.
   */
  readonly signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });

  /** Starts something and notes how it ends; throws once the clean-up has begun. */
  start<Started>(begin: () => Started, end: (started: Started) => Promise<void>): Started {
    if (this.hasBegun) throw new Interrupted('stopped before the end');
    const started = begin();
    this.ends.push(() => end(started));
    return started;
  }

  /** A part that fails to end is reported and keeps no other part from ending. */
  async run(say: (line: string) => void): Promise<void> {
    this.hasBegun = true;
    for (const end of this.ends.splice(0).reverse())
      await end().catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
  }
}
