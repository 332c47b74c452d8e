import { createHash, randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { Db, Trx } from '../db/connection';
import {
  type Claim,
  claimRequest,
  findKeyedRequest,
  type IdempotencyId,
  type KeyedRequest,
  lockIdempotencyKey,
  releaseClaim,
  respondToClaim,
  saveResponse,
} from '../db/idempotency';
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
    const saved = savedAnswer(await takeUp(trx, id, requestHash));
    if (saved) return saved;
    const answer = await change(trx);
    await saveResponse(trx, id, { requestHash, ...answer });
    return { ...answer, replayed: false };
  });
}

/** So much shorter than a claim lasts that its attempt is over by then, whatever clock measures it. */
const ATTEMPT_MS = 20_000;

/** One try at a request whose effect is outside the database. */
export interface OutsideAttempt {
  /** The effect is made under this id; later attempts at the same request have the same one. */
  readonly requestId: string;
  /** An attempt before this one had no answer to give, and may have made the effect. */
  readonly mayHaveHappened: boolean;
  /** By this process's clock: later than this nothing may be sent, as another attempt may be under way. */
  readonly endsAtMs: number;
}

/**
 * The same for an effect outside the database: the request is claimed in a transaction of its own first, so that no
 * transaction spans a network call. `act` throws where the request is to be tried again (503): the claim ends then, and
 * the next attempt has to find out what happened.
 */
export async function answerOnceOutside(
  db: Db,
  request: Repeatable,
  act: (attempt: OutsideAttempt) => Promise<Answer>,
): Promise<GivenAnswer> {
  const endsAtMs = Date.now() + ATTEMPT_MS;
  const { id, requestHash } = request;
  if (id === undefined)
    return { ...(await act({ requestId: randomUUID(), mayHaveHappened: false, endsAtMs })), replayed: false };

  const claim = { id, claimId: randomUUID() };
  const taken = await db.transaction(async (trx) => {
    const known = await takeUp(trx, id, requestHash);
    const saved = savedAnswer(known);
    if (saved) return saved;
    const requestId = known?.requestId ?? randomUUID();
    await claimRequest(trx, claim, { requestHash, requestId });
    return { requestId, mayHaveHappened: known !== undefined, endsAtMs };
  });
  return 'statusCode' in taken ? taken : answerClaimed(db, claim, () => act(taken));
}

/** Only who holds the claim says how the request ended: a process that froze meanwhile gives what another has saved. */
async function answerClaimed(db: Db, claim: Claim, act: () => Promise<Answer>): Promise<GivenAnswer> {
  try {
    const answer = await act();
    if (await respondToClaim(db, claim, answer)) return { ...answer, replayed: false };
  } catch (error) {
    // Where not even this can be written, the claim ends by its age.
    const wasHeld = await releaseClaim(db, claim).catch(() => true);
    if (wasHeld) throw error;
  }
  const saved = savedAnswer(await findKeyedRequest(db, claim.id));
  if (saved) return saved;
  throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
}

/** What is known of a request, its key locked; throws where it is another request, or one that is being worked on. */
async function takeUp(trx: Trx, id: IdempotencyId, requestHash: string): Promise<KeyedRequest | undefined> {
  if (!(await lockIdempotencyKey(trx, id))) throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
  const known = await findKeyedRequest(trx, id);
  if (known && known.requestHash !== requestHash) throw new ProblemError('IDEMPOTENCY_KEY_REUSED');
  if (known?.isClaimed) throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
  return known;
}

function savedAnswer(known: KeyedRequest | undefined): GivenAnswer | undefined {
  if (!known || known.statusCode === null) return undefined;
  return { statusCode: known.statusCode, body: known.body, replayed: true };
}
