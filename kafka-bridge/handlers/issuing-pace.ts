/** Between two coupons that are issued while a rush is on. */
const GAP_MS = 50;
/** A rush holds issuing up for no longer than this: it may last for hours where everybody is refused. */
const YIELDS_FOR_MS = 10_000;
/** A rush that was off for so long is another one. */
const OVER_AFTER_MS = 2_000;

/**
 * Issues coupons at a slow pace while users rush for them, so that these get their responses: both at once would be slower,
 * and who is admitted has a rank and can wait.
 */
export class IssuingPace {
  private turns: Promise<void> = Promise.resolve();
  private lookedAt = Number.NEGATIVE_INFINITY;
  private isRush = false;
  private rushBeganAt = 0;
  private rushSeenAt = Number.NEGATIVE_INFINITY;

  /** `isRushOn` must not throw. */
  constructor(private readonly isRushOn: () => Promise<boolean>) {}

  /** Resolves when the next coupon may be issued, in the order of the calls. */
  turn(): Promise<void> {
    this.turns = this.turns.then(async () => {
      if (await this.yields()) await new Promise((resolve) => setTimeout(resolve, GAP_MS));
    });
    return this.turns;
  }

  private async yields(): Promise<boolean> {
    if (performance.now() - this.lookedAt >= GAP_MS) {
      this.isRush = await this.isRushOn();
      this.lookedAt = performance.now();
      if (this.isRush) {
        if (this.lookedAt - this.rushSeenAt > OVER_AFTER_MS) this.rushBeganAt = this.lookedAt;
        this.rushSeenAt = this.lookedAt;
      }
    }
    return this.isRush && performance.now() - this.rushBeganAt < YIELDS_FOR_MS;
  }
}
