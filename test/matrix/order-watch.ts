import { until } from '../support/until';
import type { SettledOrder } from './witness/invariant';
import type { Outside } from './witness/outside';

const LOOK_EVERY_MS = 200;

interface OrderRow extends SettledOrder {
  readonly isBusy: boolean;
}

type Meant = (order: SettledOrder) => boolean;

interface Waiting {
  readonly orderId: number;
  readonly isMeant: Meant;
  readonly resolve: (order: SettledOrder) => void;
}

/** How orders are, by one statement for all that somebody waits for. */
export class OrderWatch {
  private readonly waiting = new Set<Waiting>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly outside: Outside,
    /** How long an order may take to rest. */
    private readonly patienceMs: number,
  ) {}

  /** Waits until the order rests, in a state that is meant. */
  async untilRests(orderId: number, isMeant: Meant = () => true, withinMs = this.patienceMs): Promise<SettledOrder> {
    let stop: NodeJS.Timeout | undefined;
    const rests = new Promise<SettledOrder>((resolve, reject) => {
      const waiting = { orderId, isMeant, resolve };
      this.waiting.add(waiting);
      stop = setTimeout(async () => {
        this.waiting.delete(waiting);
        const [order] = await this.look([orderId]).catch(() => []);
        reject(new Error(`order ${orderId} did not come to rest within ${withinMs} ms: ${JSON.stringify(order)}`));
      }, withinMs);
    });
    this.timer ??= setTimeout(() => void this.lookRound(), LOOK_EVERY_MS);
    try {
      return await rests;
    } finally {
      clearTimeout(stop);
    }
  }

  async untilIssued(requestId: string): Promise<void> {
    await until(
      `coupon request ${requestId} to be issued`,
      () =>
        this.outside
          .rows<{ status: string }>('select status from coupon_requests where request_id = $1', [requestId])
          .catch(() => []),
      ([request]) => request?.status === 'ISSUED',
      this.patienceMs,
    );
  }

  /** Orders as they are; one with something still to be done is busy. */
  async look(orderIds: readonly number[]): Promise<OrderRow[]> {
    const rows = await this.outside.rows<{
      id: string;
      status: string;
      saga_state: string;
      total: string;
      is_busy: boolean;
    }>(
      `select o.id, o.status, o.saga_state, o.total_minor as total,
         o.saga_state not in ('WAITING', 'SETTLED') or o.status in ('CREATED', 'REFUND_REQUESTED')
         or exists (select from processing_requests r where r.order_id = o.id and r.state in ('PENDING', 'RUNNING')) as is_busy
       from orders o where o.id = any($1)`,
      [orderIds],
    );
    return rows.map(({ id, status, saga_state, total, is_busy }) => ({
      ...{ id: Number(id), status, sagaState: saga_state, total: Number(total), isBusy: is_busy },
    }));
  }

  private async lookRound(): Promise<void> {
    const asked = [...this.waiting];
    const rows = await this.look([...new Set(asked.map(({ orderId }) => orderId))]).catch(() => []);
    const resting = new Map(rows.filter(({ isBusy }) => !isBusy).map(({ isBusy: _, ...order }) => [order.id, order]));
    for (const waiting of asked) {
      const order = resting.get(waiting.orderId);
      if (!order || !waiting.isMeant(order)) continue;
      waiting.resolve(order);
      this.waiting.delete(waiting);
    }
    this.timer = this.waiting.size > 0 ? setTimeout(() => void this.lookRound(), LOOK_EVERY_MS) : undefined;
  }
}
