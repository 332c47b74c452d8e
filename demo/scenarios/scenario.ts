import type { OrderStatus } from '../../domain/order-status';
import type { OperatorCommand } from '../operator-command';
import type { PlayedOrder } from '../played-order';
import type { TopicReader } from '../topic-reader';

/** What a scenario may use beside its order. */
export interface Surroundings {
  readonly stockFailures: TopicReader;
  readonly deadLetters: TopicReader;
  readonly temporal: OperatorCommand;
}

/** A story of one order, and how it has to end. */
export interface Scenario {
  readonly title: string;
  /** `price` in minor units of the currency; `stock` is what the shop has of it when the order comes. */
  readonly product: { readonly name: string; readonly price: number; readonly stock: number };
  readonly quantity: number;
  readonly wanted: {
    readonly status: OrderStatus;
    /** The provider's ledger, oldest first; each entry moves the order's total. */
    readonly ledger: readonly ('charge' | 'refund')[];
    /** Units that are gone from the stock. */
    readonly sold: number;
  };
  play(order: PlayedOrder, surroundings: Surroundings): Promise<void>;
}
