import type { Db, Trx } from './connection';

export interface IdempotencyId {
  readonly userId: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

export interface StoredAnswer {
  readonly requestHash: string;
  readonly statusCode: number;
  readonly body: unknown;
}

/** For so long the same request gets the same response. */
export const IDEMPOTENCY_MS = 24 * 60 * 60_000;

const where = (id: IdempotencyId) => ({ user_id: id.userId, method: id.method, path: id.path, key: id.key });

/** Takes the key for this transaction; false: another request holds it right now. */
export async function lockIdempotencyKey(trx: Trx, id: IdempotencyId): Promise<boolean> {
  const result = await trx.raw<{ rows: { locked: boolean }[] }>(
    'select pg_try_advisory_xact_lock(hashtextextended(?, 0)) as locked',
    [JSON.stringify([id.userId, id.method, id.path, id.key])],
  );
  return result.rows[0]?.locked === true;
}

export async function findAnswer(trx: Trx | Db, id: IdempotencyId): Promise<StoredAnswer | undefined> {
  return (await trx('idempotency_keys')
    .where(where(id))
    .whereRaw(`created_at > now() - ? * interval '1 millisecond'`, [IDEMPOTENCY_MS])
    .first({ requestHash: 'request_hash', statusCode: 'status_code', body: 'body' })) as StoredAnswer | undefined;
}

/** Saves the answer under its key, in the transaction of the change that it tells of. */
export async function saveAnswer(trx: Trx | Db, id: IdempotencyId, answer: StoredAnswer): Promise<void> {
  await trx('idempotency_keys')
    .insert({
      ...where(id),
      request_hash: answer.requestHash,
      status_code: answer.statusCode,
      body: JSON.stringify(answer.body),
      created_at: trx.fn.now(),
    })
    .onConflict(['user_id', 'method', 'path', 'key'])
    .merge();
}

/** Frees a key whose request came to nothing. */
export async function forgetKey(db: Db, id: IdempotencyId): Promise<void> {
  await db('idempotency_keys').where(where(id)).delete();
}
