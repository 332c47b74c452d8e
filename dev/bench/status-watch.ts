import type { Db } from '../../db/connection';
import type { OrderStatus } from '../../domain/order-status';
import { sleep } from './figures';

/** Fine enough beside the seconds that an order takes among fifty, and cheap: one statement a look. */
const LOOK_EVERY_MS = 15;
const TIMEOUT_MS = 60_000;

interface Waiter {
  readonly wanted: OrderStatus;
  readonly deadline: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Resolves when orders reach a status, by looking at all awaited ones together. */
export class StatusWatch {
  private readonly waiters = new Map<number, Waiter>();
  private looking: Promise<void> | undefined;

  constructor(private readonly db: Db) {}

  reaches(orderId: number, wanted: OrderStatus): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiters.set(orderId, { wanted, deadline: Date.now() + TIMEOUT_MS, resolve, reject });
      this.looking ??= this.look()
        .catch((error: unknown) => this.giveUp(error))
        .finally(() => {
          this.looking = undefined;
        });
    });
  }

  private async look(): Promise<void> {
    while (this.waiters.size > 0) {
      await sleep(LOOK_EVERY_MS);
      const { rows } = await this.db.raw<{ rows: { id: number; status: OrderStatus }[] }>(
        'select id, status from orders where id = any(?)',
        [[...this.waiters.keys()]],
      );
      for (const { id, status } of rows) this.settle(id, status);
    }
  }

  private giveUp(error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    for (const waiter of this.waiters.values()) waiter.reject(failure);
    this.waiters.clear();
  }

  private settle(orderId: number, status: OrderStatus): void {
    const waiter = this.waiters.get(orderId);
    if (!waiter) return;
    if (status === waiter.wanted) waiter.resolve();
    else if (Date.now() > waiter.deadline) waiter.reject(new Error(`order ${orderId} stays ${status}`));
    else return;
    this.waiters.delete(orderId);
  }
}
