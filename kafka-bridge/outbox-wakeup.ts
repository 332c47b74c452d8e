import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { Logger } from '../observability/logger';

const FIRST_GAP_MS = 100;
const LONGEST_GAP_MS = 5_000;
/** A shared advisory lock held by each relay's session: how many hold it is how many relays live. */
const PRESENCE_LOCK = 0x6f7264;

export interface OutboxWakeup {
  /** Resolves at the next commit of outbox rows (also one since the last call), at `wake`, or after `ms`. */
  wait(ms: number): Promise<void>;
  wake(): void;
  /** Relays with a live session, this one included; undefined while ours is down. */
  countRelays(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Listens for commits on a connection of its own, opened anew whenever it is lost. */
export async function listenForOutbox(options: {
  readonly databaseUrl: string;
  readonly databaseCaFile?: string | undefined;
  readonly logger: Logger;
}): Promise<OutboxWakeup> {
  const { logger } = options;
  let client: pg.Client | undefined;
  let isStopped = false;
  let hasNews = false;
  let waiter: (() => void) | undefined;
  let reconnect: NodeJS.Timeout | undefined;

  const wake = () => {
    hasNews = true;
    waiter?.();
  };

  async function connect(gapMs = FIRST_GAP_MS): Promise<void> {
    const next = new pg.Client({
      connectionString: options.databaseUrl,
      application_name: 'ordersaga-relay',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      ...(options.databaseCaFile
        ? { ssl: { ca: readFileSync(options.databaseCaFile, 'utf8'), rejectUnauthorized: true } }
        : {}),
    });
    let isLost = false;
    const lose = (error?: Error) => {
      if (isLost || isStopped) return;
      isLost = true;
      client = undefined;
      logger.warn({ err: error }, 'the listening connection is lost: polling meanwhile');
      next.end().catch(() => undefined);
      reconnect = setTimeout(() => void connect(Math.min(LONGEST_GAP_MS, gapMs * 2)), gapMs);
    };
    next.on('error', lose);
    next.on('end', () => lose());
    next.on('notification', wake);
    try {
      await next.connect();
      await next.query('select pg_advisory_lock_shared($1, 0)', [PRESENCE_LOCK]);
      await next.query('listen outbox');
      client = next;
      wake();
    } catch (error) {
      lose(error as Error);
    }
  }

  await connect();
  return {
    wake,
    async wait(ms) {
      if (!hasNews) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          waiter = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      waiter = undefined;
      hasNews = false;
    },
    async countRelays() {
      const result = await client?.query<{ relays: number }>(
        `select count(*)::int as relays from pg_locks where locktype = 'advisory' and granted and classid = $1 and objid = 0
           and database = (select oid from pg_database where datname = current_database())`,
        [PRESENCE_LOCK],
      );
      return result?.rows[0]?.relays;
    },
    async stop() {
      isStopped = true;
      clearTimeout(reconnect);
      wake();
      await client?.end();
    },
  };
}
