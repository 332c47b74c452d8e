import { CONSUMED, type Topic } from '../contracts/topics';
import type { Db } from '../db/connection';
import { closeFound, type LateRecord, type LossPolicy, lateRecords, sendAgain } from '../db/lost-records';
import type { Logger } from '../observability/logger';
import type { Kafka, KafkaAdmin, PartitionLag } from './kafka-port';

/** What was late when a topic ended here. */
interface Suspects {
  readonly late: readonly LateRecord[];
  /** Partition -> the next offset to be written then. */
  readonly ends: ReadonlyMap<number, bigint>;
}

/**
 * Sends again what was lost on its way to a workflow: its topic was made anew, offsets were moved by hand, the broker refused
 * it. Late alone is not lost: an outage makes thousands late. A record is lost once the group that reads its topic has
 * passed the end which the topic had when the record was published already, and still no workflow has heard of it.
 */
export class LostRecords {
  private readonly suspects = new Map<Topic, Suspects>();
  private admin: Promise<KafkaAdmin> | undefined;

  constructor(
    private readonly options: {
      readonly db: Db;
      readonly kafka: Kafka;
      readonly policy: LossPolicy;
      readonly logger: Logger;
    },
  ) {}

  async look(): Promise<void> {
    const { db, policy, logger } = this.options;
    const late = await lateRecords(db, policy);
    for (const { topic, groupId } of CONSUMED) {
      const ofTopic = late.filter((one) => one.topic === topic);
      if (ofTopic.length === 0) this.suspects.delete(topic);
      else
        for (const lost of await this.lostAmong(ofTopic, topic, groupId)) {
          const { subject } = lost;
          try {
            if (await sendAgain(db, policy, lost)) logger.warn({ topic, subject }, 'a lost record is sent again');
          } catch (error) {
            logger.warn({ err: error, topic, subject }, 'a lost record could not be sent again');
          }
        }
    }
    await closeFound(db);
  }

  async stop(): Promise<void> {
    await (await this.admin)?.close();
  }

  private async lostAmong(late: readonly LateRecord[], topic: Topic, groupId: string): Promise<readonly LateRecord[]> {
    this.admin ??= this.options.kafka.admin();
    this.admin.catch(() => {
      this.admin = undefined;
    });
    const partitions = await (await this.admin).lag(groupId, topic);
    const now: Suspects = { late, ends: endsOf(partitions) };
    const before = this.suspects.get(topic) ?? now;
    const passed = [now, before].find(({ ends }) => hasPassed(partitions, ends));
    this.suspects.set(topic, passed ? now : before);
    return passed?.late ?? [];
  }
}

const endsOf = (partitions: readonly PartitionLag[]): ReadonlyMap<number, bigint> =>
  new Map(partitions.map(({ partition, committed, lag }) => [partition, BigInt(committed) + BigInt(lag)]));

const hasPassed = (partitions: readonly PartitionLag[], ends: ReadonlyMap<number, bigint>): boolean =>
  partitions.every(({ partition, committed }) => BigInt(committed) >= (ends.get(partition) ?? 0n));
