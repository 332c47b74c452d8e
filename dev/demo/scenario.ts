import type { OrderStatus } from '../../domain/order-status';
import type { DemoOrder } from './order';
import type { TopicReader } from './topic-reader';

/** What a scenario may use beside its order. */
export interface Surroundings {
  readonly stack: string;
  readonly stockFailures: TopicReader;
  readonly deadLetters: TopicReader;
}

/** The course of one order, and how it has to end. */
export interface Scenario {
  readonly title: string;
  /** `price` in minor units of the currency; `stock` is what the shop has of it when the order comes. */
  readonly product: { readonly name: string; readonly price: number; readonly stock: number };
  readonly quantity: number;
  /** Ordered by a winner of the rush, with the coupon. */
  readonly hasCoupon?: boolean;
  readonly wanted: {
    readonly status: OrderStatus;
    /** What is to be paid; absent: what the lines come to. */
    readonly total?: number;
    /** The provider's ledger, oldest first; each entry moves that total. */
    readonly ledger: readonly ('charge' | 'refund')[];
    /** Units that are gone from the stock. */
    readonly sold: number;
  };
  play(order: DemoOrder, surroundings: Surroundings): Promise<void>;
}
