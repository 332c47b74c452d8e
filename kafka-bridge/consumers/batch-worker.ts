import { DEAD_LETTER_HEADERS, deadLetterTopic, encodeDeadLetter } from '../../contracts/dead-letters';
import { idIn, type OriginalRecord } from '../../contracts/record';
import type { Db } from '../../db/connection';
import { type ReplayOutcome, recordReplayOutcome } from '../../db/dead-letter-decisions';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import type { IncomingRecord, KafkaProducer, PartitionBatch } from '../client/kafka-port';
import { blockKey, isGivenUp, releaseWaiting, waitForKey } from '../dead-letters/blocked-keys';
import type { RecordRules } from '../dead-letters/record-rules';
import { classify } from './classification';
import { FinishedPrefix, inKeyOrder } from './key-order';
import { PoisonRecord } from './poison';
import { StuckPartitions } from './stuck-partitions';
import type { Subscription } from './subscription';
import { inTraceOf } from './tracing';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A batch that takes longer is ended: the other partitions wait for it. */
const BATCH_BUDGET_MS = 1_000;
const COMMIT_EVERY_MS = 250;
const STUCK_AFTER_ATTEMPTS = 5;

interface Blockade {
  readonly attempts: number;
  readonly isExpected: boolean;
}

/** Works off the batches of one topic: each key in order, the finished prefix committed, paused while something is unavailable. */
export class BatchWorker {
  private readonly blockades = new Map<number, Blockade>();
  /** Records beyond the committed offset that are finished: they come again with the record that blocks the prefix. */
  private readonly finished = new Map<number, Map<string, bigint>>();
  private readonly busy = new Set<number>();
  private assigned: ReadonlySet<number> = new Set();
  private readonly stuck: StuckPartitions;

  constructor(
    private readonly options: {
      readonly subscription: Subscription;
      readonly records: RecordRules;
      readonly db: Db;
      readonly deadLetters: KafkaProducer;
      readonly metrics: Metrics;
      readonly logger: Logger;
    },
  ) {
    this.stuck = new StuckPartitions({ ...options, topic: this.subscription.topic });
  }

  get subscription(): Subscription {
    return this.options.subscription;
  }

  /** Takes over these partitions and forgets what blocked the others. */
  assign(partitions: readonly number[]): void {
    this.assigned = new Set(partitions);
    for (const partition of this.blockades.keys()) if (!this.assigned.has(partition)) this.unblock(partition);
    for (const partition of this.finished.keys()) if (!this.assigned.has(partition)) this.finished.delete(partition);
    this.stuck.assign(partitions);
  }

  /** Partitions that fail unexpectedly: no unavailable part explains it. */
  stuckPartitions(): string[] {
    return [...this.blockades]
      .filter(([, { isExpected, attempts }]) => !isExpected && attempts >= STUCK_AFTER_ATTEMPTS)
      .map(([partition]) => `${this.subscription.topic}-${partition}`);
  }

  /** Whether the partition is ours, nothing of it is in hand, and nothing blocks it. */
  isIdle(partition: number): boolean {
    return this.assigned.has(partition) && !this.busy.has(partition) && !this.blockades.has(partition);
  }

  async workOff(batch: PartitionBatch): Promise<void> {
    const { partition, records } = batch;
    const prefix = new FinishedPrefix(records.map(({ offset }) => offset));
    const finished = this.finished.get(partition) ?? new Map<string, bigint>();
    this.finished.set(partition, finished);
    const endsAt = Date.now() + BATCH_BUDGET_MS;
    let blocked: { readonly record: IncomingRecord; readonly error: unknown } | undefined;
    let committing = Promise.resolve();
    const commit = () => {
      committing = committing.then(async () => {
        const offset = prefix.advance();
        if (offset === undefined) return;
        this.unblock(partition);
        // Uncommitted records come again, most likely to this process.
        if (!(await batch.commitThrough(offset))) return;
        for (const [id, position] of finished) if (position <= BigInt(offset)) finished.delete(id);
        await this.stuck.goesOn(partition);
      });
      return committing;
    };
    const commits = setInterval(() => void commit(), COMMIT_EVERY_MS);
    this.busy.add(partition);
    try {
      await inKeyOrder(records, {
        keyOf: ({ key }) => key?.toString('hex') ?? '',
        keysAtOnce: this.subscription.keysAtOnce,
        isOver: () => blocked !== undefined || Date.now() > endsAt || !batch.isCurrent(),
        work: async (record, index) => {
          try {
            if (!finished.has(idOf(record))) await this.workOn(record);
            finished.set(idOf(record), BigInt(record.offset));
            prefix.finish(index);
          } catch (error) {
            blocked ??= { record, error };
          }
        },
      });
    } finally {
      clearInterval(commits);
      this.busy.delete(partition);
    }
    await commit();
    if (blocked) await this.block(batch, blocked);
  }

  /** Ends a record one way or another; throws errors that may pass. */
  private async workOn(record: IncomingRecord): Promise<void> {
    const { db, metrics, records } = this.options;
    const { topic, groupId, blocksKeys } = this.subscription;
    // Before anything of the record is kept, among the waiting records too.
    const withheld = records.withheld(record);
    const keyState = blocksKeys && !withheld ? await waitForKey(db, record, groupId) : 'free';
    const outcome = withheld
      ? await this.refuse(record, withheld)
      : keyState === 'waiting' || keyState === 'dead'
        ? keyState
        : await this.outcomeOf(record);
    metrics.records.inc({ topic, outcome });
    if (outcome === 'waiting') return;
    const decisionId = idIn(record.headers[DEAD_LETTER_HEADERS.decisionId]?.at(-1));
    if (decisionId !== undefined) {
      const workflowId = outcome === 'dead' ? undefined : records.workflowOf(record);
      await recordReplayOutcome(db, decisionId, outcome, workflowId);
    }
    if (keyState === 'awaited' && outcome !== 'dead') await releaseWaiting(db, record, groupId);
  }

  private async outcomeOf(record: IncomingRecord): Promise<ReplayOutcome> {
    try {
      return await inTraceOf(record, this.subscription.groupId, () => this.subscription.handle(record));
    } catch (error) {
      const classification = classify(error);
      if (classification.kind !== 'poison') throw error;
      await this.publishDeadLetter(record, classification.poison);
      return 'dead';
    }
  }

  /** Publishes only what may be kept of the record. */
  private async refuse(record: IncomingRecord, { key, value, headers }: OriginalRecord): Promise<'dead'> {
    const poison = new PoisonRecord('CARD_NUMBER', 'withheld: it holds a card number');
    await this.publishDeadLetter({ ...record, key, value, headers }, poison);
    return 'dead';
  }

  /** The dead letter is acknowledged before the record is committed: a crash between the two may publish it twice, but never loses it. */
  private async publishDeadLetter(record: IncomingRecord, poison: PoisonRecord): Promise<void> {
    const { db, deadLetters, logger } = this.options;
    const { topic, groupId, blocksKeys } = this.subscription;
    const { partition, offset } = record;
    if (await this.isGivenUp(record)) {
      logger.info({ topic, partition, offset }, 'a record that has its dead letter came again');
      return;
    }
    if (blocksKeys) await blockKey(db, record, groupId);
    const deadLetter = encodeDeadLetter(record, { code: poison.code, message: poison.message, group: groupId });
    await deadLetters.send(deadLetterTopic(topic), [deadLetter]);
    logger.warn({ topic, partition, offset, code: poison.code }, `dead letter: ${poison.message}`);
  }

  private async isGivenUp(record: IncomingRecord): Promise<boolean> {
    const { db, logger } = this.options;
    const { groupId, blocksKeys } = this.subscription;
    try {
      return await isGivenUp(db, record, groupId);
    } catch (error) {
      // A key can't be blocked without the database either.
      if (blocksKeys) throw error;
      logger.warn({ err: error }, 'a dead letter may be published twice: the index leaves out its copies');
      return false;
    }
  }

  private async block(batch: PartitionBatch, failed: { record: IncomingRecord; error: unknown }): Promise<void> {
    const { record, error } = failed;
    const { metrics, logger } = this.options;
    const { topic } = this.subscription;
    const { partition } = batch;
    const isExpected = classify(error).kind === 'unavailable';
    const attempts = (this.blockades.get(partition)?.attempts ?? 0) + 1;
    this.blockades.set(partition, { attempts, isExpected });
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
    const fields = { topic, partition, offset: record.offset, attempts, pauseMs, err: error };
    if (isExpected) logger.warn(fields, 'Temporal, Postgres or Kafka is unavailable: the partition waits');
    else logger.error(fields, 'a record fails unexpectedly: the partition waits');
    metrics.consumerPaused.set({ topic, partition }, 1);
    if (!batch.isCurrent()) return;
    batch.pause(pauseMs);
    if (!isExpected) await this.stuck.failed(partition, error);
  }

  private unblock(partition: number): void {
    if (!this.blockades.delete(partition)) return;
    const { topic } = this.subscription;
    this.options.metrics.consumerPaused.set({ topic, partition }, 0);
    this.options.logger.info({ topic, partition }, 'the partition goes on');
  }
}

/** By its time, too: the offsets of a topic that is made anew begin at 0 again. */
const idOf = ({ offset, timestamp }: IncomingRecord) => `${offset}@${timestamp}`;
