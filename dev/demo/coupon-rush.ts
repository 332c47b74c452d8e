import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CouponRequestView } from '../../contracts/responses/coupons';
import type { Discount } from '../../domain/coupon';
import { type Narrator, statusText } from './narrator';
import {
  type Answer,
  type Customer,
  problemsOf,
  type RushOutcome,
  type RushRequest,
  type Winner,
} from './rush-outcome';
import { ApiError, type ShopClient } from './shop-client';

const TOTAL = 5;
const RUSH_DISCOUNT: Discount = { type: 'PERCENT', value: 10 };
const ISSUE_PATIENCE_MS = 10_000;
const POLL_MS = 50;

/** Who takes part; each `@example.com`. */
export const RUSH_CUSTOMERS = [
  ...['minjun', 'seoyeon', 'doyun', 'haeun', 'jiho', 'jiwoo', 'seojun', 'soyul', 'yejun', 'chaewon'],
  ...['hajun', 'yuna', 'eunwoo', 'dain', 'siwoo', 'sua', 'juwon', 'arin', 'gunwoo', 'bomin'],
];

/** In turns, by the order in which they come. */
const HABITS = ['clicks once', 'double-clicks', 'clicks once', 'tries again'] as const;
type Habit = (typeof HABITS)[number];

/** More customers than coupons, all at once. */
export class CouponRush {
  private readonly code: string;

  constructor(
    private readonly shop: ShopClient,
    private readonly customers: readonly Customer[],
    private readonly narrator: Narrator,
    /** Part of the code, so that every run has a coupon of its own. */
    run: string,
  ) {
    this.code = `OPENING-DAY-${run}`;
  }

  async play(): Promise<RushOutcome> {
    const { code, shop } = this;
    this.says(`operator puts on ${code}: ${TOTAL} of them, ${RUSH_DISCOUNT.value} % off`);
    await shop.putCoupon(code, { name: 'Opening day', total: TOTAL, discount: RUSH_DISCOUNT });
    this.says(
      `${this.customers.length} customers ask at once; some double-click, some try again under another requestId`,
    );
    const queue = shuffled(this.customers);
    const asked = await Promise.all(
      queue.map((customer, place) => this.askAs(HABITS[place % HABITS.length] as Habit, customer)),
    );
    const { winners, refused } = await this.sort(asked.flat());
    const soldOut = refused.filter(({ refusal }) => refusal === 'COUPON_SOLD_OUT').length;
    const others = `${refused.length - soldOut} because the customer had one already`;
    this.narrator.result('coupons', `${refused.length} other requests refused: ${soldOut} as sold out, ${others}`);
    const rush = { code, total: TOTAL, customers: this.customers.length, winners, refused };
    return { ...rush, problems: problemsOf(rush, (await shop.coupon(code)).counts) };
  }

  private async askAs(habit: Habit, customer: Customer): Promise<RushRequest[]> {
    const first = await this.ask(customer, habit === 'double-clicks' ? 2 : 1);
    return habit === 'tries again' ? [first, await this.ask(customer, 1)] : [first];
  }

  /** Sends one request so often at once. */
  private async ask(customer: Customer, times: number): Promise<RushRequest> {
    const requestId = randomUUID();
    const answers = await Promise.all(Array.from({ length: times }, () => this.send(customer, requestId)));
    return { customer, requestId, answers };
  }

  private async send({ shop }: Customer, requestId: string): Promise<Answer> {
    try {
      return { rank: (await shop.askForCoupon(this.code, requestId)).rank };
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return { refusal: error.code };
      throw error;
    }
  }

  private async sort(requests: readonly RushRequest[]): Promise<Pick<RushOutcome, 'winners' | 'refused'>> {
    const winners: Promise<Winner>[] = [];
    const refused: RushOutcome['refused'][number][] = [];
    for (const request of requests) {
      const [first] = request.answers;
      const letIn = request.answers.find((answer) => 'rank' in answer);
      if (letIn) winners.push(this.issued(request, letIn.rank));
      else if (first && 'refusal' in first) refused.push({ ...request, refusal: first.refusal });
    }
    return {
      winners: (await Promise.all(winners)).sort((one, other) => one.rank - other.rank),
      refused: refused.sort((one, other) => one.refusal.localeCompare(other.refusal)),
    };
  }

  /** Looks until the request has been worked on, and tells of it. */
  private async issued(request: RushRequest, rank: number): Promise<Winner> {
    const { customer, requestId } = request;
    const deadline = Date.now() + ISSUE_PATIENCE_MS;
    let end: CouponRequestView;
    for (;;) {
      end = await customer.shop.couponRequest(requestId);
      if (end.status !== 'REQUESTED' || Date.now() > deadline) break;
      await sleep(POLL_MS);
    }
    this.narrator.result('coupons', `${customer.email} was let in, rank ${rank}: ${statusText(end.status)}`);
    return { ...request, rank, end };
  }

  private says(text: string): void {
    this.narrator.action('coupons', text);
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
