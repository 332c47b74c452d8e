import type { Db } from '../db/connection';
import { type Admission, type Applicant, admitCouponRequests, againWhereTaken } from '../db/coupon-requests';

/** Who is let in at once; more wait for the next turn. */
const MOST_AT_ONCE = 500;

interface Waiting extends Applicant {
  readonly resolve: (admission: Admission) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Brings those who wait for a coupon before Postgres together: while one transaction runs, the next gathers. Whoever
 * comes when nobody waits is let in at once.
 */
export class CouponAdmission {
  private readonly lines = new Map<string, Waiting[]>();

  constructor(private readonly db: Db) {}

  /** Resolves once this applicant's place is committed, or refused. */
  ask(code: string, applicant: Applicant): Promise<Admission> {
    return new Promise((resolve, reject) => {
      const line = this.lines.get(code);
      const waiting = { ...applicant, resolve, reject };
      if (line) {
        line.push(waiting);
        return;
      }
      this.lines.set(code, [waiting]);
      // Those whose requests were read from the sockets in the same turn go together.
      setImmediate(() => void this.serve(code));
    });
  }

  private async serve(code: string): Promise<void> {
    const line = this.lines.get(code) ?? [];
    while (line.length > 0) {
      const turn = takeTurn(line);
      try {
        const admissions = await againWhereTaken(() => admitCouponRequests(this.db, code, turn));
        for (const { requestId, resolve, reject } of turn) {
          const admission = admissions.get(requestId);
          if (admission) resolve(admission);
          else reject(new Error(`no answer for coupon request ${requestId}`));
        }
      } catch (error) {
        for (const { reject } of turn) reject(error);
      }
    }
    this.lines.delete(code);
  }
}

/** Takes the next of the line, in its order; a user or a requestId that comes again waits for the turn after. */
function takeTurn(line: Waiting[]): Waiting[] {
  const turn: Waiting[] = [];
  const later: Waiting[] = [];
  const seen = new Set<string>();
  for (const waiting of line.splice(0)) {
    const names = [`user ${waiting.userId}`, `request ${waiting.requestId}`];
    if (turn.length === MOST_AT_ONCE || names.some((name) => seen.has(name))) later.push(waiting);
    else turn.push(waiting);
    for (const name of names) seen.add(name);
  }
  line.push(...later);
  return turn;
}
