import { CONSUMED, type Topic } from '../../contracts/topics';
import type { Db } from '../../db/connection';
import { closeFound, type LateRecord, type LossPolicy, lateRecords, sendAgain } from '../../db/lost-records';
import type { Logger } from '../../observability/logger';
import type { Kafka, KafkaAdmin, PartitionLag } from '../client/kafka-port';
import { within } from '../client/kafkajs-producer';

const STOP_WITHIN_MS = 3_000;

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
      try {
        for (const lost of await this.lostAmong(ofTopic, topic, groupId)) await this.sendAgain(lost);
      } catch (error) {
        logger.warn({ err: error, topic }, 'it is not known what of a topic is lost');
        await this.closeAdmin();
      }
    }
    await closeFound(db);
  }

  /** Waits for no response of a broker that is silent. */
  async stop(): Promise<void> {
    await within(STOP_WITHIN_MS, this.closeAdmin(), () => undefined);
  }

  private async sendAgain(lost: LateRecord): Promise<void> {
    const { db, policy, logger } = this.options;
    const { topic, subject } = lost;
    try {
      if (await sendAgain(db, policy, lost)) logger.warn({ topic, subject }, 'a lost record is sent again');
    } catch (error) {
      logger.warn({ err: error, topic, subject }, 'a lost record could not be sent again');
    }
  }

  /** One that has failed goes on asking about every topic that it was asked about. */
  private async closeAdmin(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await admin?.then((open) => open.close()).catch(() => undefined);
  }

  private async lostAmong(late: readonly LateRecord[], topic: Topic, groupId: string): Promise<readonly LateRecord[]> {
    if (late.length === 0) {
      this.suspects.delete(topic);
      return [];
    }
    this.admin ??= this.options.kafka.admin();
    const partitions = await (await this.admin).lag(groupId, topic);
    const now: Suspects = { late, ends: endsOf(partitions) };
    const before = this.stillThere(topic, now) ?? now;
    const passed = [now, before].find(({ ends }) => hasPassed(partitions, ends));
    this.suspects.set(topic, passed ? now : before);
    return passed?.late ?? [];
  }

  /** What was suspected before; undefined: nothing, or the topic was made anew and will not get so far. */
  private stillThere(topic: Topic, now: Suspects): Suspects | undefined {
    const before = this.suspects.get(topic);
    const isAnew = [...now.ends].some(([partition, end]) => end < (before?.ends.get(partition) ?? 0n));
    return isAnew ? undefined : before;
  }
}

const endsOf = (partitions: readonly PartitionLag[]): ReadonlyMap<number, bigint> =>
  new Map(partitions.map(({ partition, committed, lag }) => [partition, BigInt(committed) + BigInt(lag)]));

const hasPassed = (partitions: readonly PartitionLag[], ends: ReadonlyMap<number, bigint>): boolean =>
  partitions.every(({ partition, committed }) => BigInt(committed) >= (ends.get(partition) ?? 0n));
