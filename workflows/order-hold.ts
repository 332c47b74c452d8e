import type { PaymentRequested } from '../contracts/workflow/messages';
import type { OrderContext } from './order-context';

const HOLD_EXPIRED = { code: 'HOLD_EXPIRED', reason: 'not paid in time' };

/** The stock is held for so long; the clock stops while a request is served or a retry waits. */
export class StockHold {
  private retryWaits = false;

  constructor(
    private readonly order: OrderContext,
    private remainingMs: number,
  ) {}

  get leftMs(): number {
    return this.remainingMs;
  }

  /** A request is served. */
  stop(): void {
    this.retryWaits = false;
    this.order.view.holdExpiresAt = undefined;
  }

  /** The request has failed. */
  resume({ retryWaits }: { readonly retryWaits: boolean }): void {
    this.retryWaits = retryWaits;
  }

  /** The next request to pay; undefined: cancelled, or the hold ran out with no request accepted in time. */
  async nextRequest(): Promise<PaymentRequested | undefined> {
    const { order } = this;
    const { orderId, messages, activities, view } = order;
    let deadline = Date.now() + this.remainingMs;
    let isClockStopped = this.retryWaits;
    view.holdExpiresAt = isClockStopped ? undefined : deadline;
    view.publish(
      'WAITING',
      isClockStopped ? 'the retry, or another payment of the customer' : 'the payment of the customer',
    );
    for (;;) {
      // What stops the clock is looked at again and again, so that a request that got lost holds no stock for ever.
      const leftMs = isClockStopped ? order.policy?.stockHoldMs : deadline - Date.now();
      await order.until(() => messages.payments.length > 0 || order.isCancelled, leftMs);
      if (!isClockStopped) this.remainingMs = Math.max(0, deadline - Date.now());
      // A request that came first was perhaps begun by a worker that died: only serving it finds that out.
      const request = messages.payments.shift();
      if (request) return request;
      if (order.isCancelled) return undefined;
      if (isClockStopped) {
        isClockStopped = await activities.isRequestOpen({ orderId });
        deadline = Date.now() + this.remainingMs;
      } else if (await activities.expireHold({ orderId, atMs: Date.now() })) {
        this.hasExpired();
        return undefined;
      } else isClockStopped = true;
    }
  }

  /** The order ends because of it: false, as it is not paid. */
  hasExpired(): false {
    this.order.endedBecause = HOLD_EXPIRED;
    return false;
  }
}
