import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import pg from 'pg';
import type { Logger } from '../../observability/logger';

const FIRST_GAP_MS = 100;
const LONGEST_GAP_MS = 5_000;
/** A connection that is cut silently is noticed only by a query. */
const HEARTBEAT_MS = 5_000;

export interface OutboxWakeup {
  /** Resolves at the next commit of outbox rows (also one since the last call), at `wake`, or after `ms`. */
  wait(ms: number): Promise<void>;
  wake(): void;
  stop(): void;
}

/** Listens for commits on a connection of its own, opened again whenever it is lost. */
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
  let heartbeat: NodeJS.Timeout | undefined;

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
      clearInterval(heartbeat);
      closeAtOnce(next);
      reconnect = setTimeout(() => void connect(Math.min(LONGEST_GAP_MS, gapMs * 2)), gapMs);
    };
    next.on('error', lose);
    next.on('end', () => lose());
    next.on('notification', wake);
    try {
      await next.connect();
      await next.query('listen outbox');
      client = next;
      heartbeat = setInterval(() => void next.query('select 1').catch(lose), HEARTBEAT_MS);
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
    stop() {
      isStopped = true;
      clearTimeout(reconnect);
      clearInterval(heartbeat);
      wake();
      if (client) closeAtOnce(client);
    },
  };
}

/** Without waiting for a server that may not respond any more. */
function closeAtOnce(client: pg.Client): void {
  client.end().catch(() => undefined);
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy();
}
