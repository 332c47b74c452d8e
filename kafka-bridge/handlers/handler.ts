import type { Client } from '@temporalio/client';
import type { CONSUMED } from '../../contracts/topics';
import type { Db } from '../../db/connection';
import type { Order } from '../../db/orders';
import { findOrder } from '../../db/orders';
import type { IncomingRecord } from '../kafka-port';
import { PoisonRecord } from '../poison';

export interface HandlerDependencies {
  readonly db: Db;
  readonly temporal: Client;
  /** IANA zone of event times that name none. */
  readonly eventTimeZone: string;
  /** Only where the client's connection is the worker's: the first workflow task then skips the server's queue. */
  readonly eagerStart: boolean;
}

export type Outcome = 'processed' | 'duplicate';

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
