import { base64Headers } from '../../contracts/record';
import type { PaymentRequested } from '../../contracts/workflow/messages';
import { type RecordBytes, skipPendingRequest, takeRequestRecord } from '../../db/requests';
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
  { db, workflows, signalled },
  record,
) => {
  const { orderId, eventId, retryCount } = event;
  const key = { orderId, eventId, retryCount };
  const { topic, partition, offset, timestamp } = record;
  const position = { topic, partition, offset, timestamp };
  const saved = await takeRequestRecord(db, { event, record: position, bytes: bytesOf(record) });
  if (!saved) throw unknownOrder(orderId);
  // Its dead letter may be missing: the bridge died before it was written. One that is there is not written twice.
  if (saved.reason === REFUSED) throw new PoisonRecord('REFUSED_BY_TEMPORAL', 'it was refused before');
  if (saved.isSignalled || saved.state !== 'PENDING') return 'duplicate';

  const request: PaymentRequested = { eventId, retryCount };
  const signal = () =>
    workflows.orders.signal(orderId, 'paymentRequested', request).catch(async (error: unknown) => {
      // Nothing works on a dead letter: left PENDING, the request would keep the order's hold for ever.
      if (classify(error).kind === 'poison') await skipPendingRequest(db, key, REFUSED);
      throw error;
    });
  const isSignalled = MAY_BE_PAYABLE.has(saved.orderStatus) && (await signal());
  if (isSignalled) signalled.add(key);
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
