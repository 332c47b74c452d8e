import type { StatusView } from '../contracts/workflow-api';
import type { Order } from '../db/orders';

/** A status, and who gave it. */
export interface SeenStatus {
  readonly view: StatusView;
  readonly source: 'workflow' | 'database';
}

/** How the status of an order is found out. */
export interface StatusLookUp {
  findOrder(orderId: number): Promise<Order | undefined>;
  see(order: Order): Promise<SeenStatus>;
}

interface Look {
  readonly order: Promise<Order | undefined>;
  /** Undefined: nobody who may see the order has asked yet. */
  seen: Promise<SeenStatus> | undefined;
  /** By the monotonic clock; infinite while it is under way. */
  until: number;
}

const KEEP_MS = 250;
const KEEP_ORDERS = 10_000;

/**
 * The statuses of orders for many readers: one look at an order at a time, which all its readers share, and which serves for
 * 250 ms more. After `forget` nobody is given what was seen before it.
 */
export class OrderStatuses {
  /** Oldest first. */
  private readonly looks = new Map<number, Look>();

  constructor(private readonly lookUp: StatusLookUp) {}

  /** `admit` throws where the reader may not see the order, or there is none: its status is not looked up then. */
  async of(orderId: number, admit: (order: Order | undefined) => Order): Promise<SeenStatus> {
    const known = this.looks.get(orderId);
    const look = known && performance.now() < known.until ? known : this.begin(orderId);
    try {
      const order = admit(await look.order);
      look.seen ??= this.see(orderId, look, order);
    } catch (error) {
      // What was read for a stranger must not grow old before the owner asks.
      if (!look.seen) this.drop(orderId, look);
      throw error;
    }
    return look.seen;
  }

  /** Call it once the order may have changed. */
  forget(orderId: number): void {
    this.looks.delete(orderId);
  }

  forgetAll(): void {
    this.looks.clear();
  }

  private begin(orderId: number): Look {
    const look: Look = { order: this.lookUp.findOrder(orderId), seen: undefined, until: Number.POSITIVE_INFINITY };
    this.looks.delete(orderId);
    this.looks.set(orderId, look);
    this.makeRoom();
    return look;
  }

  private async see(orderId: number, look: Look, order: Order): Promise<SeenStatus> {
    try {
      const seen = await this.lookUp.see(order);
      look.until = performance.now() + KEEP_MS;
      return seen;
    } catch (error) {
      this.drop(orderId, look);
      throw error;
    }
  }

  private drop(orderId: number, look: Look): void {
    if (this.looks.get(orderId) === look) this.looks.delete(orderId);
  }

  private makeRoom(): void {
    const now = performance.now();
    for (const [orderId, { until }] of this.looks) {
      if (until > now && this.looks.size <= KEEP_ORDERS) break;
      this.looks.delete(orderId);
    }
  }
}
