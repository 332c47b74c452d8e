import type { Db } from '../db/connection';
import { type Spread, spread } from './figures';

/**
 * How long rows of the outbox waited, ms: from their insertion to the moment they were marked, which is after the
 * broker's acknowledgement. Longer than from commit to acknowledgement by the rest of two transactions.
 */
export async function relayLag(db: Db, from: Date, to: Date): Promise<Spread> {
  const { rows } = await db.raw<{ rows: { ms: number }[] }>(
    `select extract(epoch from published_at - created_at)::float8 * 1000 as ms from outbox
     where published_at is not null and created_at between ? and ? and available_at <= created_at`,
    [from, to],
  );
  return spread(rows.map(({ ms }) => ms));
}
