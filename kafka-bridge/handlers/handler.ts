import type { ConsumedTopic, EventOf } from '../../contracts/topics';
import type { Batches } from '../../db/batches';
import type { Db } from '../../db/connection';
import type { CouponRequest } from '../../db/coupon-requests';
import type { Order } from '../../db/orders';
import { findOrder } from '../../db/orders';
import type { Workflows } from '../../temporal/workflows';
import type { IncomingRecord } from '../client/kafka-port';
import { PoisonRecord } from '../consumers/poison';
import type { Outcome } from '../consumers/subscription';
import type { SignalledRequests } from './signalled-requests';

export interface HandlerDependencies {
  readonly db: Db;
  readonly workflows: Workflows;
  readonly signalled: SignalledRequests;
  /** Finds requests for coupons, those of a rush together. */
  readonly couponRequests: Batches<string, CouponRequest | undefined>;
  /** IANA zone of event times that name none. */
  readonly eventTimeZone: string;
}

/** Handles one event of a topic; throws PoisonRecord for one that can never be handled, any other error for what may pass. */
export type Handler<T extends ConsumedTopic> = (
  event: EventOf<T>,
  dependencies: HandlerDependencies,
  record: IncomingRecord,
) => Promise<Outcome>;

/** A workflow that runs, or has ended, had the event before. */
export const outcomeOf = (isNew: boolean): Outcome => (isNew ? 'processed' : 'duplicate');

export async function knownOrder(db: Db, orderId: number): Promise<Order> {
  const order = await findOrder(db, orderId);
  if (!order) throw unknownOrder(orderId);
  return order;
}

export function unknownOrder(orderId: number): PoisonRecord {
  return new PoisonRecord('UNKNOWN_ORDER', `there is no order ${orderId}`);
}
