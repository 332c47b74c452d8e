import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { Db, Trx } from '../db/connection';
import { findAnswer, forgetKey, type IdempotencyId, lockIdempotencyKey, saveAnswer } from '../db/idempotency';
import type { Answer } from './answer';
import { ProblemError } from './problem';

/** A request that can be recognised when it comes again: its key, if the client gave one, and its body. */
export interface Repeatable {
  readonly id: IdempotencyId | undefined;
  readonly requestHash: string;
}

type GivenAnswer = Answer & { readonly replayed: boolean };

/** Reads the optional Idempotency-Key (1 to 255 visible characters, else VALIDATION_FAILED); `body` as its schema left it. */
export function repeatable(request: Request, userId: string, body: unknown): Repeatable {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return { id: undefined, requestHash: '' };
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new ProblemError('VALIDATION_FAILED', {
      errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
    });
  return {
    id: { userId, method: request.method, path: request.path, key },
    requestHash: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
  };
}

/** Makes a change and saves its answer in one transaction; the same request again gets the saved answer. */
export async function answerOnce(
  db: Db,
  request: Repeatable,
  change: (trx: Trx) => Promise<Answer>,
): Promise<GivenAnswer> {
  return db.transaction(async (trx) => {
    const { id, requestHash } = request;
    if (id === undefined) return { ...(await change(trx)), replayed: false };
    const saved = await savedAnswer(trx, id, requestHash);
    if (saved) return saved;
    const answer = await change(trx);
    await saveAnswer(trx, id, { requestHash, ...answer });
    return { ...answer, replayed: false };
  });
}

const CLAIMED = 102;
/** Longer than any call outside may take: a claim this old belongs to a process that died. */
const CLAIM_MS = 30_000;

export interface OutsideAttempt {
  /** A process that died with this request may have carried it out: find that out before anything else. */
  readonly mayHaveHappened: boolean;
}

/**
 * The same for what happens outside the database: the key is claimed in a transaction of its own first, so that no
 * transaction spans a network call. An answer that says "try again" (5xx, or a throw) frees the key.
 */
export async function answerOnceOutside(
  db: Db,
  request: Repeatable,
  act: (attempt: OutsideAttempt) => Promise<Answer>,
): Promise<GivenAnswer> {
  const { id, requestHash } = request;
  if (id === undefined) return { ...(await act({ mayHaveHappened: false })), replayed: false };
  let mayHaveHappened = false;
  const saved = await db.transaction(async (trx) => {
    const answer = await savedAnswer(trx, id, requestHash, () => {
      mayHaveHappened = true;
    });
    if (answer === undefined) {
      const body = { claimedAt: Date.now() };
      await saveAnswer(trx, id, { requestHash, statusCode: CLAIMED, body });
    }
    return answer;
  });
  if (saved) return saved;
  let answer: Answer | undefined;
  try {
    answer = await act({ mayHaveHappened });
  } finally {
    if (answer === undefined || answer.statusCode >= 500) await forgetKey(db, id);
  }
  if (answer.statusCode < 500) await saveAnswer(db, id, { requestHash, ...answer });
  return { ...answer, replayed: false };
}

/** Of a claim whose process died: what it did outside may have happened. */
async function savedAnswer(
  trx: Trx,
  id: IdempotencyId,
  requestHash: string,
  onAbandonedClaim: () => void = () => undefined,
): Promise<GivenAnswer | undefined> {
  if (!(await lockIdempotencyKey(trx, id))) throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
  const saved = await findAnswer(trx, id);
  if (saved === undefined) return undefined;
  if (saved.requestHash !== requestHash) throw new ProblemError('IDEMPOTENCY_KEY_REUSED');
  if (saved.statusCode !== CLAIMED) return { statusCode: saved.statusCode, body: saved.body, replayed: true };
  const { claimedAt } = saved.body as { claimedAt: number };
  if (Date.now() - claimedAt < CLAIM_MS) throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
  onAbandonedClaim();
  return undefined;
}
