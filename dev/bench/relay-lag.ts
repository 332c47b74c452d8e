import { TOPICS } from '../../contracts/topics';
import type { Db } from '../../db/connection';
import { type Spread, spread } from './figures';

/** Rows whose insertion is the last statement before the commit: their `created_at` is when they were committed. */
const INSERTED_LAST = [TOPICS.stockDecreaseRequested, TOPICS.orderProcessing];

/**
 * How long rows of the outbox waited, ms: from their insertion to the moment they were marked, which is one statement
 * after the broker's acknowledgement.
 */
export async function relayLag(db: Db, from: Date, to: Date): Promise<Spread> {
  const { rows } = await db.raw<{ rows: { ms: number }[] }>(
    `select extract(epoch from published_at - created_at)::float8 * 1000 as ms from outbox
     where published_at is not null and created_at between ? and ? and available_at <= created_at
       and topic = any(?)`,
    [from, to, INSERTED_LAST],
  );
  return spread(rows.map(({ ms }) => ms));
}
