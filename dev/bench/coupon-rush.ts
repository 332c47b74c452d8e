import type { Db } from '../../db/connection';
import type { CpuUse, CpuWatch } from './cpu';
import { type Spread, sleep, spread } from './figures';
import { issuedCoupons } from './issued-coupons';
import { type PreparedRequest, type RushResponse, rush } from './rush';

const TIMEOUT_MS = 120_000;
/** Coarse: when each coupon was issued is read from the database afterwards. */
const LOOK_EVERY_MS = 100;
/** The last few coupons of a rush wait for the slowest of them: they give no rate. */
const SHARE_FOR_A_RATE = 0.1;

/** The responses to a rush on one coupon. */
export interface ResponseFigures {
  readonly perSecond: number;
  readonly ms: Spread;
  readonly acceptedMs: Spread;
  readonly soldOutMs: Spread;
  /** From the first request to the last acceptance. */
  readonly allAcceptedS: number;
  readonly endedAt: number;
  readonly cpu: CpuUse;
}

/** How its winners got their coupons. */
export interface IssueFigures {
  /** From the first acceptance to the last coupon: the rush goes on during most of it. */
  readonly perSecond: number;
  /** From the last response to the last coupon, when nothing else is going on; undefined: too few were left for a rate. */
  readonly alonePerSecond: number | undefined;
  /** After the last response. */
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
): Promise<ResponseFigures> {
  const watch = watchCpu();
  const { startedAt, endedAt, responses } = await rush(api, connections, requests);
  const cpu = watch.use();
  const accepted = acceptedOf(responses, total);
  return {
    perSecond: responses.length / ((endedAt - startedAt) / 1000),
    ms: spread(responses.map(({ ms }) => ms)),
    acceptedMs: spread(accepted.map(({ ms }) => ms)),
    soldOutMs: spread(responses.filter(({ status }) => status === 409).map(({ ms }) => ms)),
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
    alonePerSecond: issuedAfter >= total * SHARE_FOR_A_RATE ? issuedAfter / ((lastAt - endedAt) / 1000) : undefined,
    cpu,
  };
}

/** The winners' responses; throws where an response is neither an acceptance nor a sold-out, or the ranks have a gap. */
function acceptedOf(responses: readonly RushResponse[], total: number): readonly RushResponse[] {
  const accepted: RushResponse[] = [];
  const ranks = new Set<number>();
  for (const response of responses) {
    const body = JSON.parse(response.body) as { data?: { rank: number }; code?: string };
    if (response.status === 202 && body.data) {
      accepted.push(response);
      ranks.add(body.data.rank);
    } else if (response.status !== 409 || body.code !== 'COUPON_SOLD_OUT')
      throw new Error(`unexpected response: HTTP ${response.status} ${response.body}`);
  }
  const isWithoutGap = Array.from({ length: total }, (_, index) => index + 1).every((rank) => ranks.has(rank));
  if (accepted.length !== total || !isWithoutGap)
    throw new Error(`${accepted.length} were accepted, with ${ranks.size} ranks, where ${total} were to be had`);
  return accepted;
}

async function allIssued(db: Db, code: string, total: number): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const row = (await db('coupons').where({ code }).first('issued')) as { issued: number };
    if (row.issued >= total) return;
    if (Date.now() > deadline) throw new Error(`only ${row.issued} of ${total} coupons were issued`);
    await sleep(LOOK_EVERY_MS);
  }
}
