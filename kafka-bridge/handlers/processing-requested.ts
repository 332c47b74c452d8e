import { base64Headers } from '../../contracts/record';
import type { PaymentRequested } from '../../contracts/workflow/messages';
import {
  insertRequest,
  markSignalled,
  noteRecord,
  type RecordBytes,
  requestStanding,
  skipPendingRequest,
} from '../../db/requests';
import type { OrderStatus } from '../../domain/order-status';
import type { IncomingRecord } from '../client/kafka-port';
import { classify } from '../consumers/classification';
import { PoisonRecord } from '../consumers/poison';
import { type Handler, outcomeOf, unknownOrder } from './handler';

/** Statuses from which an order is payable, or can become so again; the workflow decides in the end. */
const MAY_BE_PAYABLE: ReadonlySet<OrderStatus> = new Set(['CREATED', 'PENDING_PAYMENT', 'PAYMENT_COMPLETED']);

const REFUSED = 'Temporal refuses it';

/** A request to pay and ship, first or again: the signal names it; its token and address stay in Postgres. */
export const processingRequested: Handler<'order-processing-topic' | 'order-retry-topic'> = async (
  event,
  { db, workflows },
  record,
) => {
  const { orderId, eventId, retryCount } = event;
  const key = { orderId, eventId, retryCount };
  const saved = await requestStanding(db, key);
  if (!saved) throw unknownOrder(orderId);
  if (saved.state === null) await insertRequest(db, event, 'kafka');
  if (!saved.isNoted) {
    const { topic, partition, offset, timestamp } = record;
    await noteRecord(db, key, { topic, partition, offset, timestamp }, bytesOf(record));
  }
  // Its dead letter may be missing: the bridge died before it was written. One that is there is not written twice.
  if (saved.reason === REFUSED) throw new PoisonRecord('REFUSED_BY_TEMPORAL', 'it was refused before');
  if (saved.signalled || (saved.state !== null && saved.state !== 'PENDING')) return 'duplicate';

  const request: PaymentRequested = { eventId, retryCount };
  const signal = () =>
    workflows.orders.signal(orderId, 'paymentRequested', request).catch(async (error: unknown) => {
      // Nothing works on a dead letter: left PENDING, the request would keep the order's hold for ever.
      if (classify(error).kind === 'poison') await skipPendingRequest(db, key, REFUSED);
      throw error;
    });
  const isSignalled = MAY_BE_PAYABLE.has(saved.orderStatus) && (await signal());
  if (isSignalled) await markSignalled(db, key);
  else await skipPendingRequest(db, key, `order is ${saved.orderStatus}`);
  return outcomeOf(isSignalled);
};

function bytesOf({ key, value, headers }: IncomingRecord): RecordBytes {
  return {
    key: key?.toString('base64') ?? null,
    value: value?.toString('base64') ?? null,
    headers: base64Headers(headers),
  };
}
