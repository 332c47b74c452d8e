import type { Redis } from 'ioredis';
import { timelineChannel } from '../contracts/live';
import type { TimelineView } from '../contracts/responses/common';
import type { Db } from '../db/connection';
import { timelineAfter } from '../db/timeline';
import type { Logger } from '../observability/logger';

export type OnEntries = (entries: readonly TimelineView[]) => void;

interface Listener {
  lastId: number;
  readonly onEntries: OnEntries;
}

interface Feed {
  readonly orderId: number;
  readonly listeners: Set<Listener>;
  isReading: boolean;
  isStale: boolean;
  readAt: number;
}

const PAGE = 500;
const POLL_MS = 1_000;
/** With Redis awake, a look now and then all the same: who publishes may die between commit and publish. */
const DISTRUST_MS = 15_000;
/** What is announced within this is published together, as each packet costs more than what it says. */
const PUBLISH_AFTER_MS = 2;

/**
 * Follows the durable timelines of orders: one read serves every listener of an order. Redis wakes it where it is
 * there; otherwise each followed order is looked at every second. What is delivered always comes from Postgres.
 */
export class TimelineFeeds {
  private readonly feeds = new Map<number, Feed>();
  private readonly subscriber: Redis | undefined;
  private readonly timer: NodeJS.Timeout;
  private isPolling = false;
  /** Not yet published. */
  private readonly announced = new Set<number>();
  private publishing: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: Db,
    private readonly redis: Redis | undefined,
    private readonly logger: Logger,
    /** Is called before the listeners are. */
    private readonly onNews: (orderId: number) => void,
  ) {
    this.subscriber = redis?.duplicate({ lazyConnect: false });
    this.subscriber?.on('message', (channel: string) =>
      this.wake(Number(channel.slice(timelineChannel(0).length - 1))),
    );
    this.subscriber?.on('ready', () => this.catchUp());
    this.subscriber?.on('error', (error) => logger.debug({ err: error }, 'redis is unavailable: timelines are polled'));
    this.timer = setInterval(() => void this.poll(), POLL_MS).unref();
  }

  /** Delivers every entry after `afterId`, then each new one, in order and once; returns how to stop. */
  follow(orderId: number, afterId: number, onEntries: OnEntries): () => void {
    const listener: Listener = { lastId: afterId, onEntries };
    const feed = this.feeds.get(orderId) ?? this.open(orderId);
    feed.listeners.add(listener);
    void this.read(feed);
    return () => {
      feed.listeners.delete(listener);
      if (feed.listeners.size === 0 && this.feeds.get(orderId) === feed) this.shut(feed);
    };
  }

  /** Says that an order's timeline has grown; call it after the commit. */
  announce(orderId: number): void {
    this.wake(orderId);
    this.announced.add(orderId);
    this.publishing ??= setTimeout(() => this.publish(), PUBLISH_AFTER_MS);
  }

  close(): void {
    clearInterval(this.timer);
    this.publish();
    this.subscriber?.disconnect();
  }

  private publish(): void {
    clearTimeout(this.publishing);
    this.publishing = undefined;
    const channels = [...this.announced].map(timelineChannel);
    this.announced.clear();
    if (channels.length === 0 || this.redis?.status !== 'ready') return;
    const pipeline = this.redis.pipeline();
    for (const channel of channels) pipeline.publish(channel, '');
    pipeline.exec().catch(() => undefined);
  }

  private open(orderId: number): Feed {
    const feed: Feed = { orderId, listeners: new Set(), isReading: false, isStale: false, readAt: 0 };
    this.feeds.set(orderId, feed);
    this.subscriber?.subscribe(timelineChannel(orderId)).catch(() => undefined);
    return feed;
  }

  /** What was opened or published while Redis was unavailable is neither subscribed to nor read yet. */
  private catchUp(): void {
    for (const feed of this.feeds.values()) {
      this.subscriber?.subscribe(timelineChannel(feed.orderId)).catch(() => undefined);
      void this.read(feed);
    }
  }

  private shut(feed: Feed): void {
    this.feeds.delete(feed.orderId);
    this.subscriber?.unsubscribe(timelineChannel(feed.orderId)).catch(() => undefined);
  }

  private wake(orderId: number): void {
    const feed = this.feeds.get(orderId);
    if (feed) void this.read(feed);
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    const patienceMs = this.subscriber?.status === 'ready' ? DISTRUST_MS : 0;
    for (const feed of [...this.feeds.values()]) {
      if (Date.now() - feed.readAt >= patienceMs) await this.read(feed);
    }
    this.isPolling = false;
  }

  private async read(feed: Feed): Promise<void> {
    feed.isStale = true;
    if (feed.isReading) return;
    feed.isReading = true;
    try {
      while (feed.isStale && feed.listeners.size > 0) {
        feed.isStale = false;
        feed.readAt = Date.now();
        await this.deliver(feed);
      }
    } catch (error) {
      this.logger.warn({ err: error, orderId: feed.orderId }, 'timeline not read, will be read again');
    } finally {
      feed.isReading = false;
    }
  }

  private async deliver(feed: Feed): Promise<void> {
    // Who joins while the query runs may want older entries than it returns: it is served by the next read.
    const listeners = [...feed.listeners];
    const from = Math.min(...listeners.map((listener) => listener.lastId));
    const rows = await timelineAfter(this.db, feed.orderId, from, PAGE);
    if (rows.length === PAGE) feed.isStale = true;
    const entries = rows.map(({ id, at, type, data }): TimelineView => ({ id, at: at.toISOString(), type, data }));
    const last = entries.at(-1);
    if (last === undefined) return;
    this.onNews(feed.orderId);
    for (const listener of listeners) {
      const news = entries.filter((entry) => entry.id > listener.lastId);
      if (news.length === 0 || !feed.listeners.has(listener)) continue;
      listener.lastId = last.id;
      listener.onEntries(news);
    }
  }
}
