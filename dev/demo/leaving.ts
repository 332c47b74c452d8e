/** The demo was asked to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * What has to be undone before the process ends, in reverse; and the signals that ask for it. A second signal changes
 * nothing: a terminal and npm may both send one, and leaving something running would be worse than waiting.
 */
export class Leaving {
  private readonly undos: (() => Promise<void>)[] = [];
  private hasBegun = false;
  /** Resolves with the first signal. */
  readonly asked: Promise<NodeJS.Signals>;

  constructor() {
    this.asked = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    });
  }

  /** Call it in the very step that starts something: nothing may be started once leaving has begun. */
  refuseIfBegun(): void {
    if (this.hasBegun) throw new Interrupted('stopped before the end');
  }

  afterwards(undo: () => Promise<void>): void {
    this.undos.push(undo);
  }

  /** Ends all that was started, the last first; what can't be ended is told and stops nothing else. */
  async leave(say: (line: string) => void): Promise<void> {
    this.hasBegun = true;
    for (const undo of this.undos.splice(0).reverse())
      await undo().catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
  }
}
