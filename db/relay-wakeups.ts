import type { Db } from './connection';

/** Among many commits: no relay needs to know sooner, and each NOTIFY is a commit of its own. */
const WAKE_EVERY_MS = 5;

/**
 * Wakes the relay after commits whose functions leave NOTIFY out: at once, then once for all that is committed meanwhile. A wake-up
 * that is lost costs no more than the wait until the relay looks by itself.
 */
export class RelayWakeups {
  private isWaking = false;
  private isDueAgain = false;

  constructor(private readonly db: Db) {}

  /** Call it after the commit. */
  wake(): void {
    this.isDueAgain = this.isWaking;
    if (!this.isWaking) void this.notify();
  }

  private async notify(): Promise<void> {
    this.isWaking = true;
    const pause = new Promise((resolve) => setTimeout(resolve, WAKE_EVERY_MS));
    // Without a database there is nothing to publish.
    await Promise.all([this.db.raw('notify outbox').catch(() => undefined), pause]);
    this.isWaking = false;
    if (this.isDueAgain) this.wake();
  }
}
