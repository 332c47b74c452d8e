import { DEAD_LETTER_HEADERS, encodeDeadLetter, idIn } from '../../contracts/dead-letters';
import { subjectOf, workflowOf } from '../../contracts/record-subject';
import { deadLetterTopic } from '../../contracts/topics';
import { recordHoldsCardNumber, withheld } from '../../contracts/withheld-record';
import { noteReplayOutcome } from '../../db/dead-letters';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import type { IncomingRecord, KafkaProducer, PartitionBatch } from '../client/kafka-port';
import { blockKey, headIsDone, isGivenUp, standInLine } from '../dead-letters/blocked-keys';
import { classify } from './classification';
import type { ConsumedTopic, Handler, HandlerDependencies, Outcome } from './handlers/handler';
import { FinishedPrefix, inKeyOrder } from './key-order';
import { PoisonRecord } from './poison';
import { StuckPartitions } from './stuck-partitions';
import { inTraceOf } from './tracing';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A batch that takes longer is ended: the other partitions wait for it. */
const BATCH_BUDGET_MS = 1_000;
const COMMIT_EVERY_MS = 250;
const STUCK_AFTER_ATTEMPTS = 5;

export interface Source {
  readonly topic: ConsumedTopic;
  readonly groupId: string;
  readonly partitionsAtOnce: number;
  readonly keysAtOnce: number;
  readonly waitsBehindDead?: true;
}

interface Blockade {
  readonly attempts: number;
  readonly understood: boolean;
}

/** Works off the batches of one topic: each key in order, the finished prefix committed, paused while something is away. */
export class BatchWorker {
  private readonly blockades = new Map<number, Blockade>();
  /** Records beyond the committed offset that are finished: what kept the prefix back makes them come again. */
  private readonly finished = new Map<number, Map<string, bigint>>();
  private readonly busy = new Set<number>();
  private assigned: ReadonlySet<number> = new Set();
  private readonly stuck: StuckPartitions;

  constructor(
    private readonly options: HandlerDependencies &
      Source & {
        readonly handler: Handler;
        readonly deadLetters: KafkaProducer;
        readonly metrics: Metrics;
        readonly logger: Logger;
      },
  ) {
    this.stuck = new StuckPartitions(options);
  }

  get source(): Source {
    const { topic, groupId, partitionsAtOnce, keysAtOnce } = this.options;
    return { topic, groupId, partitionsAtOnce, keysAtOnce };
  }

  /** Takes note of which partitions are ours; what kept back the others is somebody else's now. */
  assign(partitions: readonly number[]): void {
    this.assigned = new Set(partitions);
    for (const partition of this.blockades.keys()) if (!this.assigned.has(partition)) this.unblock(partition);
    for (const partition of this.finished.keys()) if (!this.assigned.has(partition)) this.finished.delete(partition);
    this.stuck.assign(partitions);
  }

  /** Partitions that wait for something other than a part that is away. */
  stuckPartitions(): string[] {
    return [...this.blockades]
      .filter(([, { understood, attempts }]) => !understood && attempts >= STUCK_AFTER_ATTEMPTS)
      .map(([partition]) => `${this.options.topic}-${partition}`);
  }

  /** Whether the partition is ours, nothing of it is in hand, and nothing keeps it back. */
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
        // What was not committed comes again, most likely to us.
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
        keysAtOnce: this.options.keysAtOnce,
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

  /** Ends a record one way or another; throws what may pass. */
  private async workOn(record: IncomingRecord): Promise<void> {
    const { db, metrics, topic, groupId, waitsBehindDead } = this.options;
    // Before anything of it is kept anywhere, in a line of its key either.
    const isRefused = recordHoldsCardNumber(record);
    const standing = waitsBehindDead && !isRefused ? await standInLine(db, record, groupId) : 'free';
    const outcome = isRefused
      ? await this.refuse(record)
      : standing === 'waiting' || standing === 'dead'
        ? standing
        : await this.outcomeOf(record);
    metrics.records.inc({ topic, outcome });
    if (outcome === 'waiting') return;
    const decisionId = idIn(record.headers[DEAD_LETTER_HEADERS.decisionId]?.at(-1));
    // The desk hears what became of a record that it has sent back.
    if (decisionId !== undefined) {
      const workflowId = outcome === 'dead' ? undefined : workflowOf(subjectOf(topic, record.value));
      await noteReplayOutcome(db, decisionId, outcome, workflowId);
    }
    if (standing === 'head' && outcome !== 'dead') await headIsDone(db, record, groupId);
  }

  private async outcomeOf(record: IncomingRecord): Promise<Outcome | 'dead'> {
    try {
      return await inTraceOf(record, this.options.groupId, () => this.options.handler(record, this.options));
    } catch (error) {
      const classification = classify(error);
      if (classification.kind !== 'poison') throw error;
      await this.publishDeadLetter(record, classification.poison);
      return 'dead';
    }
  }

  /** What holds a card number is not even kept as a dead letter: that says where it stood. */
  private async refuse(record: IncomingRecord): Promise<'dead'> {
    const { key, value, headers } = withheld(record);
    await this.publishDeadLetter(
      { ...record, key, value, headers },
      new PoisonRecord('CARD_NUMBER', 'withheld: it holds a card number'),
    );
    return 'dead';
  }

  /** The dead letter is acknowledged before the record is committed: a crash between the two may write it twice, never not at all. */
  private async publishDeadLetter(record: IncomingRecord, poison: PoisonRecord): Promise<void> {
    const { db, deadLetters, groupId, topic, waitsBehindDead, logger } = this.options;
    const { partition, offset } = record;
    if (await this.isGivenUp(record)) {
      logger.info({ topic, partition, offset }, 'a record came again of which there is a dead letter');
      return;
    }
    if (waitsBehindDead) await blockKey(db, record, groupId);
    const deadLetter = encodeDeadLetter(record, { code: poison.code, message: poison.message, group: groupId });
    await deadLetters.send(deadLetterTopic(topic), [deadLetter]);
    logger.warn({ topic, partition, offset, code: poison.code }, `dead letter: ${poison.message}`);
  }

  private async isGivenUp(record: IncomingRecord): Promise<boolean> {
    const { db, groupId, waitsBehindDead, logger } = this.options;
    try {
      return await isGivenUp(db, record, groupId);
    } catch (error) {
      // No key is blocked without the database either.
      if (waitsBehindDead) throw error;
      logger.warn({ err: error }, 'a dead letter is published unasked: its copies are left out of the index');
      return false;
    }
  }

  private async block(batch: PartitionBatch, failed: { record: IncomingRecord; error: unknown }): Promise<void> {
    const { record, error } = failed;
    const { topic, metrics, logger } = this.options;
    const { partition } = batch;
    const classification = classify(error);
    const understood = classification.kind === 'passes' && classification.understood;
    const attempts = (this.blockades.get(partition)?.attempts ?? 0) + 1;
    this.blockades.set(partition, { attempts, understood });
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
    const place = { topic, partition, offset: record.offset, attempts, pauseMs, err: error };
    if (understood) logger.warn(place, 'a part is away: the partition waits');
    else logger.error(place, 'a record fails for a reason nobody foresaw: the partition waits');
    metrics.consumerPaused.set({ topic, partition }, 1);
    if (!batch.isCurrent()) return;
    batch.pause(pauseMs);
    if (!understood) await this.stuck.failed(partition, error);
  }

  private unblock(partition: number): void {
    if (!this.blockades.delete(partition)) return;
    this.options.metrics.consumerPaused.set({ topic: this.options.topic, partition }, 0);
    this.options.logger.info({ topic: this.options.topic, partition }, 'the partition goes on');
  }
}

/** By its time, too: a topic that is made anew counts from 0 again. */
const idOf = ({ offset, timestamp }: IncomingRecord) => `${offset}@${timestamp}`;
