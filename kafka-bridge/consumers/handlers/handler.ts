import type { CONSUMED } from '../../../contracts/topics';
import type { Db } from '../../../db/connection';
import type { Order } from '../../../db/orders';
import { findOrder } from '../../../db/orders';
import type { Workflows } from '../../../temporal/workflows';
import type { IncomingRecord } from '../../client/kafka-port';
import { PoisonRecord } from '../poison';

export interface HandlerDependencies {
  readonly db: Db;
  readonly workflows: Workflows;
  /** IANA zone of event times that name none. */
  readonly eventTimeZone: string;
}

export type Outcome = 'processed' | 'duplicate';

/** A workflow that was started or signalled has the record; one that runs, or has ended, had it before. */
export const outcomeOf = (isNew: boolean): Outcome => (isNew ? 'processed' : 'duplicate');

/** Works on one record; throws PoisonRecord for what never can be, anything else for what may pass. */
export type Handler = (record: IncomingRecord, dependencies: HandlerDependencies) => Promise<Outcome>;

export type ConsumedTopic = (typeof CONSUMED)[number]['topic'];

export async function knownOrder(db: Db, orderId: number): Promise<Order> {
  const order = await findOrder(db, orderId);
  if (!order) throw unknownOrder(orderId);
  return order;
}

export function unknownOrder(orderId: number): PoisonRecord {
  return new PoisonRecord('UNKNOWN_ORDER', `there is no order ${orderId}`);
}
