import { CONSUMED, type Topic } from '../contracts/topics';
import type { Db } from '../db/connection';
import { closeFound, type LateRecord, type LossPolicy, lateRecords, sendAgain } from '../db/lost-records';
import type { Logger } from '../observability/logger';
import type { Kafka, KafkaAdmin, PartitionLag } from './client/kafka-port';
import { within } from './client/kafkajs-producer';
import { every } from './every';

const CHECK_MS = 15_000;
const STOP_WITHIN_MS = 3_000;

interface LostRecordsOptions {
  readonly db: Db;
  readonly kafka: Kafka;
  readonly policy: LossPolicy;
  readonly logger: Logger;
}

/** The records of a topic that were late when it ended here. */
interface Suspects {
  readonly late: readonly LateRecord[];
  /** Partition -> the next offset to be written then. */
  readonly ends: ReadonlyMap<number, bigint>;
}

/** Sends lost records again, until stopped. */
export function startResending(options: LostRecordsOptions): { stop(): Promise<void> } {
  const { policy, logger } = options;
  const lost = new LostRecords(options);
  const resending = every(
    Math.min(CHECK_MS, policy.lostAfterMs),
    () => lost.resend(),
    (error) => logger.warn({ err: error }, 'lost records could not be looked for'),
  );
  return {
    async stop() {
      // A check that waits for a silent broker ends with its connection.
      await within(STOP_WITHIN_MS, lost.closeAdmin(), () => undefined);
      await within(STOP_WITHIN_MS, resending.stop(), () => undefined);
    },
  };
}

/**
 * Finds records that were lost on their way to a workflow: their topic was made anew, offsets were moved by hand, or the
 * broker refused them. A late record is not yet lost, as an outage makes thousands late: it is lost once the group that
 * reads its topic has passed the end which the topic had when the record was already published, and no workflow has it.
 */
class LostRecords {
  private readonly suspects = new Map<Topic, Suspects>();
  private admin: Promise<KafkaAdmin> | undefined;

  constructor(private readonly options: LostRecordsOptions) {}

  async resend(): Promise<void> {
    const { db, policy, logger } = this.options;
    const late = await lateRecords(db, policy);
    for (const { topic, groupId } of CONSUMED) {
      const ofTopic = late.filter((one) => one.topic === topic);
      try {
        for (const lost of await this.lostAmong(ofTopic, topic, groupId)) await this.sendAgain(lost);
      } catch (error) {
        logger.warn({ err: error, topic }, 'lost records of a topic could not be found');
        await this.closeAdmin();
      }
    }
    await closeFound(db);
  }

  /** An admin connection that has failed goes on asking about every topic that it was asked about. */
  async closeAdmin(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await admin?.then((open) => open.close()).catch(() => undefined);
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

  private async lostAmong(late: readonly LateRecord[], topic: Topic, groupId: string): Promise<readonly LateRecord[]> {
    if (late.length === 0) {
      this.suspects.delete(topic);
      return [];
    }
    this.admin ??= this.options.kafka.admin();
    const partitions = await (await this.admin).lag(groupId, topic);
    const now: Suspects = { late, ends: endsOf(partitions) };
    const before = this.stillSuspected(topic, now) ?? now;
    const passed = [now, before].find(({ ends }) => hasPassed(partitions, ends));
    this.suspects.set(topic, passed ? now : before);
    return passed?.late ?? [];
  }

  /** The suspects of before; undefined: there are none, or the topic was made anew and will not reach its old end. */
  private stillSuspected(topic: Topic, now: Suspects): Suspects | undefined {
    const before = this.suspects.get(topic);
    const isAnew = [...now.ends].some(([partition, end]) => end < (before?.ends.get(partition) ?? 0n));
    return isAnew ? undefined : before;
  }
}

const endsOf = (partitions: readonly PartitionLag[]): ReadonlyMap<number, bigint> =>
  new Map(partitions.map(({ partition, committed, lag }) => [partition, BigInt(committed) + BigInt(lag)]));

const hasPassed = (partitions: readonly PartitionLag[], ends: ReadonlyMap<number, bigint>): boolean =>
  partitions.every(({ partition, committed }) => BigInt(committed) >= (ends.get(partition) ?? 0n));
