const LOST_AFTER_MS = 5_000;
/** Longer than an attempt and the gap before it: without a failure for so long there may have been nothing to send. */
export const LATELY_MS = 15_000;

/** Whether this process reaches Kafka, as its own sends show; a failure of one topic alone is not counted. */
export class KafkaReach {
  private succeededAt = Number.NEGATIVE_INFINITY;
  private failure: { readonly since: number; readonly at: number; readonly times: number } | undefined;
  private pinging: Promise<void> | undefined;

  /** `ping` throws when no broker responds. */
  constructor(private readonly ping: () => Promise<void>) {}

  succeeded(): void {
    this.succeededAt = performance.now();
    this.failure = undefined;
  }

  hasSucceededSince(time: number): boolean {
    return this.succeededAt >= time;
  }

  /** Forgets earlier failures. */
  startAnew(): void {
    this.failure = undefined;
  }

  /** Concurrent attempts fail as one. */
  failed(begunAt: number): void {
    const before = this.isFailing() ? this.failure : undefined;
    const since = before?.since ?? Math.max(begunAt, this.succeededAt);
    const times = before ? before.times + (begunAt > before.at ? 1 : 0) : 1;
    this.failure = { since, at: performance.now(), times };
  }

  /** Nothing was sent since an attempt that failed lately. */
  isFailing(): boolean {
    return this.failure !== undefined && performance.now() - this.failure.at < LATELY_MS;
  }

  /** The failure has lasted for longer than a blip. */
  isLost(): boolean {
    const { failure } = this;
    return (
      failure !== undefined &&
      this.isFailing() &&
      failure.times > 1 &&
      performance.now() - failure.since >= LOST_AFTER_MS
    );
  }

  /** Throws while nothing is sent, or no broker responds. */
  async check(): Promise<void> {
    if (this.isLost()) throw new Error('Kafka takes nothing from this process');
    this.pinging ??= this.ping().finally(() => {
      this.pinging = undefined;
    });
    await this.pinging;
  }
}
