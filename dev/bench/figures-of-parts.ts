import type { IssueFigures, ResponseFigures } from './coupon-rush';
import type { CpuUse } from './cpu';
import type { Spread } from './figures';
import type { HttpFigures } from './http-load';
import type { OrdersRound, SingleOrders } from './orders';

/** One round of floor and full orders, one right after the other. */
export interface EngineRound {
  readonly floorPerSecond: number;
  readonly floorCpu: CpuUse;
  readonly orders: OrdersRound;
  readonly ratio: number;
}

export interface SubmitRound {
  readonly bare: HttpFigures;
  readonly submit: HttpFigures;
  readonly cpu: CpuUse;
}

/** The ceilings and a rush, one right after the other. */
export interface CouponRound {
  readonly bare: HttpFigures;
  readonly insert: HttpFigures;
  readonly redisPerSecond: number;
  readonly floorPerSecond: number;
  readonly responses: ResponseFigures;
  readonly issues: IssueFigures;
}

/** Everything that one run got; parts that were not asked for are absent. */
export interface BenchFigures {
  engine?: { readonly rounds: readonly EngineRound[]; readonly relayLagMs: Spread };
  single?: SingleOrders & { readonly relayLagMs: Spread };
  status?: { readonly workflow: HttpFigures; readonly database: HttpFigures };
  coupons?: { readonly rounds: readonly CouponRound[]; readonly apiAlone: readonly ResponseFigures[] };
  submit?: { readonly rounds: readonly SubmitRound[]; readonly whileWorking: HttpFigures };
}
