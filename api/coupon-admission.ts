import type { Db } from '../db/connection';
import { type Admission, type Applicant, admitCouponRequests, againWhereTaken } from '../db/coupon-requests';

/** Admitted in one transaction; more wait for the next batch. */
const MOST_AT_ONCE = 500;

interface Waiting extends Applicant {
  readonly resolve: (admission: Admission) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Admits requests for a coupon in batches: while one transaction runs, the next batch gathers. A request that finds no
 * other is admitted at once.
 */
export class CouponAdmission {
  private readonly waiting = new Map<string, Waiting[]>();

  constructor(private readonly db: Db) {}

  /** Resolves once this applicant's place is committed, or refused. */
  request(code: string, applicant: Applicant): Promise<Admission> {
    return new Promise((resolve, reject) => {
      const queue = this.waiting.get(code);
      const waiting = { ...applicant, resolve, reject };
      if (queue) {
        queue.push(waiting);
        return;
      }
      this.waiting.set(code, [waiting]);
      // Requests that were read from the sockets in the same tick go together.
      setImmediate(() => void this.serve(code));
    });
  }

  private async serve(code: string): Promise<void> {
    const queue = this.waiting.get(code) ?? [];
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      try {
        const admissions = await againWhereTaken(() => admitCouponRequests(this.db, code, batch));
        for (const { requestId, resolve, reject } of batch) {
          const admission = admissions.get(requestId);
          if (admission) resolve(admission);
          else reject(new Error(`no outcome for coupon request ${requestId}`));
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.waiting.delete(code);
  }
}

/** Takes the next requests in their order; a user or a requestId that comes again waits for the batch after. */
function takeBatch(queue: Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  const seen = new Set<string>();
  for (const waiting of queue.splice(0)) {
    const names = [`user ${waiting.userId}`, `request ${waiting.requestId}`];
    if (batch.length === MOST_AT_ONCE || names.some((name) => seen.has(name))) later.push(waiting);
    else batch.push(waiting);
    for (const name of names) seen.add(name);
  }
  queue.push(...later);
  return batch;
}
