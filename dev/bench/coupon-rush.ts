import type { Db } from '../../db/connection';
import type { CpuUse, CpuWatch } from './cpu';
import { type Spread, sleep, spread } from './figures';
import { issuedCoupons } from './issued-coupons';
import { type PreparedRequest, type RushAnswer, rush } from './rush';

const PATIENCE_MS = 120_000;
/** Coarse: when each coupon was issued is read from the database afterwards. */
const LOOK_EVERY_MS = 100;
/** The last few of a rush wait for the slowest of them, and say nothing of a rate. */
const ENOUGH_TO_TELL = 0.1;

/** How a rush on one coupon was answered. */
export interface AnswerFigures {
  readonly perSecond: number;
  readonly ms: Spread;
  readonly acceptedMs: Spread;
  readonly soldOutMs: Spread;
  /** From the first request to the last acceptance being answered. */
  readonly allAcceptedS: number;
  readonly endedAt: number;
  readonly cpu: CpuUse;
}

/** How its winners came to their coupons. */
export interface IssueFigures {
  /** From the first acceptance to the last coupon: the rush goes on during most of it. */
  readonly perSecond: number;
  /** From the last answer to the last coupon, when nothing else is going on; undefined: too few were left to tell. */
  readonly alonePerSecond: number | undefined;
  /** After the last answer. */
  readonly cpu: CpuUse;
}

export interface Rush {
  readonly api: string;
  readonly total: number;
  readonly connections: number;
  /** One of each user. */
  readonly requests: readonly PreparedRequest[];
}

/** Everybody asks once for a fresh coupon; throws unless exactly `total` get it, with the ranks from 1 to `total`. */
export async function askAll(
  { api, total, connections, requests }: Rush,
  watchCpu: () => CpuWatch,
): Promise<AnswerFigures> {
  const watch = watchCpu();
  const { startedAt, endedAt, answers } = await rush(api, connections, requests);
  const cpu = watch.use();
  const accepted = acceptedOf(answers, total);
  return {
    perSecond: answers.length / ((endedAt - startedAt) / 1000),
    ms: spread(answers.map(({ ms }) => ms)),
    acceptedMs: spread(accepted.map(({ ms }) => ms)),
    soldOutMs: spread(answers.filter(({ status }) => status === 409).map(({ ms }) => ms)),
    allAcceptedS: (Math.max(...accepted.map(({ at }) => at)) - startedAt) / 1000,
    endedAt,
    cpu,
  };
}

/** Waits for the last coupon of a rush that ended at `endedAt`; throws unless `total` users have one each. */
export async function awaitIssues(
  db: Db,
  { code, total, endedAt }: { readonly code: string; readonly total: number; readonly endedAt: number },
  watchCpu: () => CpuWatch,
): Promise<IssueFigures> {
  const watch = watchCpu();
  await allIssued(db, code, total);
  const cpu = watch.use();
  const { firstAcceptedAt, issuedAt } = await issuedCoupons(db, code, total);
  const lastAt = Math.max(...issuedAt);
  const issuedAfter = issuedAt.filter((at) => at > endedAt).length;
  return {
    perSecond: total / ((lastAt - firstAcceptedAt) / 1000),
    alonePerSecond: issuedAfter >= total * ENOUGH_TO_TELL ? issuedAfter / ((lastAt - endedAt) / 1000) : undefined,
    cpu,
  };
}

/** The winners' answers; throws where an answer is neither an acceptance nor a sold-out, or the ranks have a gap. */
function acceptedOf(answers: readonly RushAnswer[], total: number): readonly RushAnswer[] {
  const accepted: RushAnswer[] = [];
  const ranks = new Set<number>();
  for (const answer of answers) {
    const body = JSON.parse(answer.body) as { data?: { rank: number }; code?: string };
    if (answer.status === 202 && body.data) {
      accepted.push(answer);
      ranks.add(body.data.rank);
    } else if (answer.status !== 409 || body.code !== 'COUPON_SOLD_OUT')
      throw new Error(`unexpected answer: HTTP ${answer.status} ${answer.body}`);
  }
  const isWithoutGap = Array.from({ length: total }, (_, index) => index + 1).every((rank) => ranks.has(rank));
  if (accepted.length !== total || !isWithoutGap)
    throw new Error(`${accepted.length} were accepted, with ${ranks.size} ranks, where ${total} were to be had`);
  return accepted;
}

async function allIssued(db: Db, code: string, total: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const row = (await db('coupons').where({ code }).first('issued')) as { issued: number };
    if (row.issued >= total) return;
    if (Date.now() > deadline) throw new Error(`only ${row.issued} of ${total} coupons were issued`);
    await sleep(LOOK_EVERY_MS);
  }
}
