import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Db } from '../../db/connection';
import { advanceOutbox, nextDueAt, type StoredOutboxRow } from '../../db/outbox';
import type { Logger } from '../../observability/logger';
import type { RelayMetrics } from '../../observability/relay-metrics';
import type { Kafka } from '../client/kafka-port';
import { startHousekeeping } from './housekeeping';
import { KafkaReach } from './kafka-reach';
import { LaneLeases } from './lane-leases';
import { recordPublished } from './published-rows';
import { intoChunks, OutboxPublisher } from './publisher';
import { TopicPipelines } from './topic-pipelines';
import { listenForOutbox } from './wakeup';

const BATCH_ROWS = 500;
const POLL_MS = 1_000;
const FIRST_GAP_MS = 50;
const LONGEST_GAP_MS = 5_000;
/** Between two checks whether Kafka is available again. */
const CHECK_MS = 2_000;
const LONGEST_ABSENCE_MS = 60_000;

export interface RelayOptions {
  readonly db: Db;
  /** For a connection of its own that listens; it must not go through a pooler that shares sessions. */
  readonly databaseUrl: string;
  readonly databaseCaFile?: string | undefined;
  readonly kafka: Kafka;
  readonly metrics: RelayMetrics;
  readonly logger: Logger;
  /** Topics whose published rows keep no content. */
  readonly secretTopics: readonly string[];
}

export interface Relay {
  /** Ends the sends that are under way and gives the lanes back. */
  stop(): Promise<void>;
  /** Throws while Kafka is unavailable. */
  readiness(): Promise<void>;
  /** Rejects when the relay can't go on: the process should exit and be restarted. */
  readonly failed: Promise<never>;
}

/** Publishes the outbox: at once after a commit, in order per topic and key, each row at least once. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { db, metrics } = options;
  const logger = options.logger.child({ part: 'relay' });
  const owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  const producer = await options.kafka.producer();
  const wakeup = await listenForOutbox({ ...options, logger });
  const leases = new LaneLeases({ db, owner, onGained: wakeup.wake, drained, logger });
  const reach = new KafkaReach(() => options.kafka.ping());
  const publisher = new OutboxPublisher(producer, reach, logger);
  /** Acknowledged by the broker, and not yet marked. */
  const published: number[] = [];
  /** Who waits for a turn that begins from now on. */
  const awaiting: (() => void)[] = [];
  const pipelines = new TopicPipelines({
    onEnd: wakeup.wake,
    work: (rows, mayGoOn) =>
      publishTopic(rows, mayGoOn).catch((error: unknown) =>
        logger.warn({ err: error }, 'rows of a topic stay for now'),
      ),
  });
  const housekeeping = startHousekeeping({ db, publisher, metrics, logger });
  let isStopping = false;

  async function publishTopic(rows: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<void> {
    for (const chunk of intoChunks(rows)) {
      const { ids } = await publisher.publish(chunk, mayGoOn);
      recordPublished(metrics, chunk, ids);
      published.push(...ids);
      // A row that was left may have the key of a row in the next chunk.
      if (ids.length < chunk.length) break;
    }
  }

  /** Marks what is published, and begins to publish the due rows of topics that have nothing in flight. */
  async function takeTurn(lanes: readonly number[]): Promise<void> {
    const ids = [...published];
    const waiting = [...awaiting];
    const heldBack = publisher.heldBack();
    // A topic that ends from here on is busy for this turn: its rows may be published, and are not among those to mark.
    const topics = [...heldBack.topics, ...pipelines.busy()];
    const rows = await advanceOutbox(db, {
      published: ids,
      secretTopics: options.secretTopics,
      lanes,
      heldBack: { ...heldBack, topics },
      limit: BATCH_ROWS,
    });
    published.splice(0, ids.length);
    pipelines.begin(rows, () => {
      const held = leases.held();
      return !isStopping && lanes.every((lane) => held.includes(lane));
    });
    awaiting.splice(0, waiting.length);
    for (const resolve of waiting) resolve();
  }

  const nextTurn = () =>
    new Promise<void>((resolve) => {
      awaiting.push(resolve);
      wakeup.wake();
    });

  /** All that was begun before is over, and marked where it was published. */
  async function drained(): Promise<void> {
    // The turn of now may be reading rows still.
    await nextTurn();
    await pipelines.idle();
    await nextTurn();
  }

  /** Ends what is in flight, and marks it: another relay would publish it again. */
  async function finish(): Promise<void> {
    await pipelines.idle();
    if (published.length > 0) await takeTurn([]);
  }

  let dueAt: Date | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;

  /** Until a delayed row is due, or it is to be asked which. As that takes a look at all rows that wait, it is once a second. */
  async function idleMs(): Promise<number> {
    if (performance.now() - askedAt >= POLL_MS) {
      askedAt = performance.now();
      dueAt = await nextDueAt(db);
    }
    const askAgainMs = Math.max(1, askedAt + POLL_MS - performance.now());
    const dueMs = (dueAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
    return dueMs > 0 ? Math.min(askAgainMs, dueMs) : askAgainMs;
  }

  let absenceMs = 0;
  let backAt = Number.NEGATIVE_INFINITY;

  /** Leaves the lanes to relays that reach Kafka, until this one does again. */
  async function leaveLanes(): Promise<void> {
    if (!(await leases.leave(finish))) return;
    // Kafka may respond and yet take no records: then the relay takes its lanes back rarely.
    absenceMs = reach.hasSucceededSince(backAt) ? CHECK_MS : Math.min(LONGEST_ABSENCE_MS, absenceMs * 2);
    logger.warn({ absenceMs }, 'Kafka takes nothing from this relay: its lanes are left to the others');
    const until = performance.now() + absenceMs;
    let isBack = false;
    while (!isStopping && !isBack) {
      await wakeupOrGap(CHECK_MS);
      isBack = (await isKafkaAvailable()) && (performance.now() > until || (await leases.isAlone()));
    }
    reach.startAnew();
    backAt = performance.now();
    if (!isStopping) await leases.takeBack();
  }

  const isKafkaAvailable = () =>
    options.kafka.ping().then(
      () => true,
      () => false,
    );

  async function run(): Promise<void> {
    let gapMs = FIRST_GAP_MS;
    while (!isStopping) {
      try {
        await takeTurn(leases.held());
        gapMs = FIRST_GAP_MS;
        if (reach.isLost() && leases.hasOthers()) await leaveLanes();
        await wakeup.wait(await idleMs());
      } catch (error) {
        logger.warn({ err: error, gapMs }, 'the outbox could not be published: trying again');
        // Marking must not depend on a read that fails: what stays unmarked is published again one day.
        if (published.length > 0) await takeTurn([]).catch(() => undefined);
        await wakeupOrGap(gapMs);
        gapMs = Math.min(LONGEST_GAP_MS, gapMs * 2);
      }
    }
  }

  let endGap: (() => void) | undefined;
  const wakeupOrGap = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endGap = () => {
        clearTimeout(timer);
        resolve();
      };
      if (isStopping) endGap();
    });

  await leases.start();
  const running = run();
  const failed = running.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  return {
    failed,
    async readiness() {
      if (leases.areLeft()) throw new Error('Kafka takes nothing from this relay');
      await reach.check();
    },
    async stop() {
      isStopping = true;
      endGap?.();
      wakeup.wake();
      await running;
      await finish().catch((error: unknown) => logger.warn({ err: error }, 'published rows stay unmarked'));
      await leases.stop().catch((error: unknown) => logger.warn({ err: error }, 'lanes could not be given back'));
      await housekeeping.stop();
      wakeup.stop();
      await producer.close();
    },
  };
}
