import type { Db } from '../../db/connection';
import { closeOperatorItems, openOperatorItem } from '../../db/operator-items';
import type { Logger } from '../../observability/logger';
import { causeOf } from './classification';

/** A partition that fails for so long is listed: within a minute of its first failure, with the gaps between attempts. */
const LISTED_AFTER_MS = 30_000;

const itemOf = (topic: string, partition: number) =>
  ({ kind: 'STUCK_PARTITION', subject: `${topic}/${partition}` }) as const;

/** Lists partitions of a topic that a record blocks by an unexpected failure, until they go on. */
export class StuckPartitions {
  private readonly failingSince = new Map<number, number>();
  /** Partitions that may have an open item, listed by us or by the bridge that had them before. */
  private mayBeListed = new Set<number>();

  constructor(private readonly options: { readonly db: Db; readonly topic: string; readonly logger: Logger }) {}

  assign(partitions: readonly number[]): void {
    this.mayBeListed = new Set(partitions);
    for (const partition of this.failingSince.keys())
      if (!this.mayBeListed.has(partition)) this.failingSince.delete(partition);
  }

  async failed(partition: number, error: unknown): Promise<void> {
    const since = this.failingSince.get(partition) ?? Date.now();
    this.failingSince.set(partition, since);
    if (Date.now() - since < LISTED_AFTER_MS) return;
    const { db, topic, logger } = this.options;
    this.mayBeListed.add(partition);
    try {
      await openOperatorItem(db, { ...itemOf(topic, partition), cause: causeOf(error) });
    } catch (problem) {
      logger.error({ err: problem, topic, partition }, 'a stuck partition could not be listed: trying again');
    }
  }

  /** Records of it were committed. */
  async goesOn(partition: number): Promise<void> {
    this.failingSince.delete(partition);
    if (!this.mayBeListed.delete(partition)) return;
    const { db, topic, logger } = this.options;
    const isClosed = await closeItems(db, topic, [partition], logger);
    if (!isClosed) this.mayBeListed.add(partition);
  }
}

/** Unlists partitions that are committed to their end: the record was passed by hand, or retention has deleted it. */
export class CaughtUpPartitions {
  private readonly closing = new Map<string, Promise<unknown>>();

  constructor(
    private readonly db: Db,
    private readonly logger: Logger,
  ) {}

  /** Returns at once: an unavailable database does not hold up the measuring. */
  unlist(topic: string, partitions: readonly number[]): void {
    if (this.closing.has(topic)) return;
    const closing = closeItems(this.db, topic, partitions, this.logger).finally(() => this.closing.delete(topic));
    this.closing.set(topic, closing);
  }

  async stop(): Promise<void> {
    await Promise.all(this.closing.values());
  }
}

/** False: not this time. */
async function closeItems(db: Db, topic: string, partitions: readonly number[], logger: Logger): Promise<boolean> {
  const subject = partitions.map((partition) => itemOf(topic, partition).subject);
  try {
    await closeOperatorItems(db, { kind: 'STUCK_PARTITION', subject }, { state: 'HEALED' });
    return true;
  } catch (error) {
    logger.warn({ err: error, topic, partitions }, 'partitions that go on could not be unlisted: trying again');
    return false;
  }
}
