export type Close = () => unknown;

/** What was opened, to be closed in reverse order: all of it, also where one of them fails to close. */
export class Teardown {
  private readonly closers: Close[] = [];

  /** Runs at the end. */
  defer(close: Close): void {
    this.closers.push(close);
  }

  /** Closes the part at the end, and returns it now. */
  use<Part extends { close(): unknown }>(part: Part): Part {
    this.defer(() => part.close());
    return part;
  }

  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = this.closers.pop(); close; close = this.closers.pop())
      try {
        await Promise.resolve(close());
      } catch (error) {
        errors.push(error);
      }
    if (errors.length > 0) throw errors[0];
  }

  /** Opens parts; where that fails half-way, those that are open are closed. */
  static async opening<Opened>(open: (teardown: Teardown) => Promise<Opened>): Promise<Opened> {
    const teardown = new Teardown();
    try {
      return await open(teardown);
    } catch (error) {
      await teardown.close();
      throw error;
    }
  }
}
