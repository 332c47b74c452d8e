import type { Db } from '../../db/connection';
import { isOtherRelayLive, leaseLanes, leaveLanes, releaseLanes } from '../../db/outbox-lanes';
import type { Logger } from '../../observability/logger';

const LANES = 16;
const LEASE_MS = 10_000;
const RENEW_MS = 2_500;
/** One attempt to send must be over within this, or the lease would outlive its owner's knowledge. */
const MARGIN_MS = 5_000;

/** The lanes that this relay may publish, renewed by itself; each lane has one relay at a time. */
export class LaneLeases {
  private lanes: readonly number[] = [];
  /** Lanes above its share, of which something may be in flight: each with when it lost it. */
  private readonly leaving = new Map<number, symbol>();
  /** Those of which nothing is in flight any more. */
  private readonly done = new Set<number>();
  private leasedUntil = 0;
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | undefined;
  private relays = 1;
  private hasLeft = false;
  private stopped = false;

  constructor(
    private readonly options: {
      readonly db: Db;
      readonly owner: string;
      readonly onGained: () => void;
      /** Resolves once nothing that was begun for the lanes of before is in flight, and all that was published is marked. */
      readonly drained: () => Promise<void>;
      readonly logger: Logger;
    },
    private readonly timing = { leaseMs: LEASE_MS, renewMs: RENEW_MS },
  ) {}

  async start(): Promise<void> {
    await this.renew();
    this.timer = setInterval(() => void this.renew(), this.timing.renewMs);
  }

  /** The lanes whose lease is sure to hold until an attempt to send, begun now, is over. */
  held(): readonly number[] {
    return !this.hasLeft && performance.now() < this.leasedUntil - MARGIN_MS ? this.lanes : [];
  }

  /** Whether there was another live relay at the last renewal. */
  hasOthers(): boolean {
    return this.relays > 1;
  }

  /** Whether the lanes were left to the others. */
  areLeft(): boolean {
    return this.hasLeft;
  }

  /** Leaves the lanes to the other relays, once nothing is in flight, until `takeBack`; false: there is no other. */
  async leave(untilIdle: () => Promise<void>): Promise<boolean> {
    this.hasLeft = true;
    let isDone = false;
    try {
      await this.renewing;
      await untilIdle();
      // From here on they may be another's, also where no response says so.
      this.lanes = [];
      isDone = await leaveLanes(this.options.db, this.options.owner);
    } finally {
      if (!isDone) await this.takeBack();
    }
    return isDone;
  }

  /** Whether the relays to which the lanes were left are known to be gone, too. */
  isAlone(): Promise<boolean> {
    const { db, owner } = this.options;
    return isOtherRelayLive(db, owner).then(
      (isLive) => !isLive,
      () => false,
    );
  }

  async takeBack(): Promise<void> {
    this.hasLeft = false;
    await this.renew();
  }

  /** Gives everything back; call it when nothing is in flight. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.renewing;
    this.lanes = [];
    await releaseLanes(this.options.db, this.options.owner);
  }

  private renew(): Promise<void> {
    this.renewing ??= this.renewOnce()
      .catch((error: unknown) => this.options.logger.warn({ err: error }, 'lanes could not be renewed'))
      .finally(() => {
        this.renewing = undefined;
      });
    return this.renewing;
  }

  private async renewOnce(): Promise<void> {
    if (this.stopped || this.hasLeft) return;
    const { db, owner, onGained, logger } = this.options;
    const { leaseMs } = this.timing;
    const asked = performance.now();
    const done = [...this.done];
    this.done.clear();
    const { lanes, relays } = await leaseLanes(db, { owner, leaseMs, laneCount: LANES, done });
    const isNew = lanes.some((lane) => !this.lanes.includes(lane));
    if (lanes.length !== this.lanes.length || isNew) logger.info({ lanes, relays }, 'lanes');
    const lost = this.lanes.filter((lane) => !lanes.includes(lane));
    this.lanes = lanes;
    this.relays = relays;
    this.leasedUntil = asked + leaseMs;
    for (const lane of lanes) {
      this.leaving.delete(lane);
      this.done.delete(lane);
    }
    if (lost.length > 0) void this.giveBackOnceDrained(lost);
    if (isNew) onGained();
  }

  /** Another relay need not wait until their leases run out. */
  private async giveBackOnceDrained(lost: readonly number[]): Promise<void> {
    const since = Symbol();
    for (const lane of lost) this.leaving.set(lane, since);
    await this.options.drained();
    // One that was gained again meanwhile, and perhaps lost once more, has something else in flight.
    for (const lane of lost.filter((lane) => this.leaving.get(lane) === since)) {
      this.leaving.delete(lane);
      this.done.add(lane);
    }
    if (this.done.size > 0) await this.renew();
  }
}
