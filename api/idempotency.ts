import { createHash, randomUUID } from 'node:crypto';
import type { Db, Trx } from '../db/connection';
import {
  type Claim,
  claimRequest,
  findKeyedRequest,
  type IdempotencyId,
  type KeyedRequest,
  lockKeyedRequest,
  releaseClaim,
  respondToClaim,
  saveResponse,
} from '../db/idempotency';
import { ProblemError } from './problem';
import { Rendered } from './rendered';

/** A request that is recognised when it comes again: by its Idempotency-Key, if it has one, and its body. */
export interface Repeatable {
  readonly id: IdempotencyId | undefined;
  readonly requestHash: string;
}

/** `body`: as its schema left it. */
export function repeatable(id: IdempotencyId | undefined, body: unknown): Repeatable {
  if (id === undefined) return { id, requestHash: '' };
  return { id, requestHash: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
}

/** Makes a change and saves its response in one transaction; the same request again gets the saved response. */
export async function respondOnce(
  db: Db,
  { id, requestHash }: Repeatable,
  change: (trx: Trx) => Promise<Rendered>,
): Promise<Rendered> {
  return db.transaction(async (trx) => {
    if (id === undefined) return change(trx);
    const saved = savedResponse(await takeUp(trx, id, requestHash));
    if (saved) return saved;
    const { statusCode, body } = await change(trx);
    await saveResponse(trx, id, { requestHash, statusCode, body });
    return new Rendered(statusCode, body);
  });
}

/** So much shorter than a claim lasts that its attempt is over by then, whatever clock measures it. */
const ATTEMPT_MS = 20_000;

/** One try at a request whose effect is outside the database. */
export interface OutsideAttempt {
  /** The effect is made under this id; later attempts at the same request have the same one. */
  readonly requestId: string;
  /** An attempt before this one ended without a response, and may have made the effect. */
  readonly mayHaveHappened: boolean;
  /** By this process's clock: later than this nothing may be sent, as another attempt may be under way. */
  readonly endsAtMs: number;
}

/**
 * The same for an effect outside the database: the request is claimed in a transaction of its own first, so that no
 * transaction spans a network call. `act` throws where the request is to be tried again (503): the claim ends then, and
 * the next attempt has to find out what happened.
 */
export async function respondOnceOutside(
  db: Db,
  { id, requestHash }: Repeatable,
  act: (attempt: OutsideAttempt) => Promise<Rendered>,
): Promise<Rendered> {
  const endsAtMs = Date.now() + ATTEMPT_MS;
  if (id === undefined) return act({ requestId: randomUUID(), mayHaveHappened: false, endsAtMs });

  const claim = { id, claimId: randomUUID() };
  const taken = await db.transaction(async (trx) => {
    const known = await takeUp(trx, id, requestHash);
    const saved = savedResponse(known);
    if (saved) return saved;
    const requestId = known?.requestId ?? randomUUID();
    await claimRequest(trx, claim, { requestHash, requestId });
    return { requestId, mayHaveHappened: known !== undefined, endsAtMs };
  });
  return taken instanceof Rendered ? taken : respondToClaimed(db, claim, () => act(taken));
}

/** Only the holder of the claim says how the request ended: a process that froze meanwhile gives what another has saved. */
async function respondToClaimed(db: Db, claim: Claim, act: () => Promise<Rendered>): Promise<Rendered> {
  try {
    const { statusCode, body } = await act();
    if (await respondToClaim(db, claim, { statusCode, body })) return new Rendered(statusCode, body);
  } catch (error) {
    // Where not even this can be written, the claim ends by its age.
    const wasHeld = await releaseClaim(db, claim).catch(() => true);
    if (wasHeld) throw error;
  }
  const saved = savedResponse(await findKeyedRequest(db, claim.id));
  if (saved) return saved;
  throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
}

/** What is known of a request, its key locked; throws where it is another request, or one that is being worked on. */
async function takeUp(trx: Trx, id: IdempotencyId, requestHash: string): Promise<KeyedRequest | undefined> {
  const { isTaken, known } = await lockKeyedRequest(trx, id);
  if (isTaken) throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
  if (known && known.requestHash !== requestHash) throw new ProblemError('IDEMPOTENCY_KEY_REUSED');
  if (known?.isClaimed) throw new ProblemError('IDEMPOTENCY_IN_FLIGHT');
  return known;
}

function savedResponse(known: KeyedRequest | undefined): Rendered | undefined {
  return known && known.statusCode !== null ? new Rendered(known.statusCode, known.body, true) : undefined;
}
