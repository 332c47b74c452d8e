import { eventRecord } from '../../contracts/event-record';
import { shipmentStatusEventSchema } from '../../contracts/events';
import { carrierEventSchema } from '../../contracts/responses/orders';
import { TOPICS } from '../../contracts/topics';
import { lockOrder } from '../../db/orders';
import { addToOutbox } from '../../db/outbox';
import { ProblemError } from '../problem';
import { route } from '../route';

export const carrierWebhook = route('POST /webhooks/carrier', {
  id: 'carrierWebhook',
  summary:
    "The carrier's scans, signed with HMAC-SHA256 over the raw body. The same event again is harmless, and a field that the carrier adds is ignored",
  access: 'carrier',
  body: shipmentStatusEventSchema,
  response: {
    status: 202,
    data: carrierEventSchema,
    message: { ko: '배송 상태를 받았습니다.', en: 'The shipment status was received.' },
  },
  problems: ['ORDER_NOT_FOUND'],
  async handle({ body: event }, { db }) {
    await db.transaction(async (trx) => {
      const order = await lockOrder(trx, event.orderId);
      if (order === undefined) throw new ProblemError('ORDER_NOT_FOUND');
      await addToOutbox(trx, [eventRecord(TOPICS.shipmentStatus, event)]);
    });
    return { data: { orderId: event.orderId } };
  },
});
