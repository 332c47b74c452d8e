import type { Db, DbOrTrx, Trx } from './connection';
import { callFunction } from './functions';

export interface IdempotencyId {
  readonly userId: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

/** What is known of a request that came under a key. */
export interface KeyedRequest {
  readonly requestHash: string;
  /** Null, as `body`: it has no response yet. */
  readonly statusCode: number | null;
  readonly body: unknown;
  /** The id under which its effect outside the database is made; null: it has no such effect. */
  readonly requestId: string | null;
  /** Whether an attempt may be at work on it now. */
  readonly isClaimed: boolean;
}

/** One attempt's right to give a request its response. */
export interface Claim {
  readonly id: IdempotencyId;
  readonly claimId: string;
}

/** For so long the same request gets the same response. */
export const IDEMPOTENCY_MS = 24 * 60 * 60_000;
/** A claim this old belongs to a process that died or froze. */
const CLAIM_MS = 30_000;

const where = (id: IdempotencyId) => ({ user_id: id.userId, method: id.method, path: id.path, key: id.key });
const PRIMARY_KEY = ['user_id', 'method', 'path', 'key'];

/** Takes the key for this transaction, and what is known under it; `isTaken`: another request holds it right now. */
export async function lockKeyedRequest(
  trx: Trx,
  id: IdempotencyId,
): Promise<{ readonly isTaken: boolean; readonly known?: KeyedRequest | undefined }> {
  const locked = await callFunction<{ known: KeyedRequest | null } | null>(trx, 'lock_keyed_request', aged(id));
  return locked ? { isTaken: false, known: locked.known ?? undefined } : { isTaken: true };
}

/** The request of the last 24 hours under this key. */
export async function findKeyedRequest(db: DbOrTrx, id: IdempotencyId): Promise<KeyedRequest | undefined> {
  return (await callFunction<KeyedRequest | null>(db, 'find_keyed_request', aged(id))) ?? undefined;
}

const aged = (id: IdempotencyId) => ({ ...id, validMs: IDEMPOTENCY_MS, claimMs: CLAIM_MS });

/** Saves the response under its key, in the transaction of the change that it reports. */
export async function saveResponse(
  trx: Trx,
  id: IdempotencyId,
  response: { readonly requestHash: string; readonly statusCode: number; readonly body: unknown },
): Promise<void> {
  await putRequest(trx, id, {
    request_hash: response.requestHash,
    status_code: response.statusCode,
    body: JSON.stringify(response.body),
  });
}

/** Claims a request for one attempt, also where another has it; with the key locked. */
export async function claimRequest(
  trx: Trx,
  { id, claimId }: Claim,
  request: { readonly requestHash: string; readonly requestId: string },
): Promise<void> {
  await putRequest(trx, id, {
    request_hash: request.requestHash,
    request_id: request.requestId,
    claim_id: claimId,
    claimed_at: trx.fn.now(),
  });
}

/** Saves the response and ends the claim; false: another attempt has the request now, or has ended it. */
export function respondToClaim(
  db: Db,
  claim: Claim,
  { statusCode, body }: { readonly statusCode: number; readonly body: unknown },
): Promise<boolean> {
  return endOf(db, claim, { status_code: statusCode, body: JSON.stringify(body), created_at: db.fn.now() });
}

/** Ends the claim of an attempt that has no response to give; the request keeps its id. False: as above. */
export function releaseClaim(db: Db, claim: Claim): Promise<boolean> {
  return endOf(db, claim, {});
}

async function putRequest(trx: Trx, id: IdempotencyId, columns: Readonly<Record<string, unknown>>): Promise<void> {
  const none = { status_code: null, body: null, request_id: null, claim_id: null, claimed_at: null };
  await trx('idempotency_keys')
    .insert({ ...where(id), ...none, ...columns, created_at: trx.fn.now() })
    .onConflict(PRIMARY_KEY)
    .merge();
}

async function endOf(db: Db, { id, claimId }: Claim, columns: Readonly<Record<string, unknown>>): Promise<boolean> {
  const ended: number = await db('idempotency_keys')
    .where({ ...where(id), claim_id: claimId })
    .update({ ...columns, claim_id: null, claimed_at: null });
  return ended === 1;
}
