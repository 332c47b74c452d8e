import { canTransitionTo, ORDER_STATUSES, type OrderStatus } from '../../domain/order-status';
import { Fixture } from '../support/fixture';

/** DESIGN's table of moves, written out once more: the test must not learn it from the code. */
const ALLOWED = new Set([
  'CREATED>PENDING_PAYMENT',
  'CREATED>CANCELLED',
  'PENDING_PAYMENT>PAYMENT_COMPLETED',
  'PENDING_PAYMENT>CANCELLED',
  'PAYMENT_COMPLETED>PREPARING',
  'PAYMENT_COMPLETED>IN_WAREHOUSE',
  'PAYMENT_COMPLETED>PENDING_PAYMENT',
  'PAYMENT_COMPLETED>CANCELLED',
  'PREPARING>SHIPMENT_STARTED',
  'PREPARING>CANCELLED',
  'IN_WAREHOUSE>COMPLETED',
  'SHIPMENT_STARTED>IN_TRANSIT',
  'SHIPMENT_STARTED>REFUND_REQUESTED',
  'IN_TRANSIT>COMPLETED',
  'IN_TRANSIT>REFUND_REQUESTED',
  'COMPLETED>REFUND_REQUESTED',
  'REFUND_REQUESTED>REFUNDED',
  'REFUND_REQUESTED>COMPLETED',
]);

/** A way from CREATED to each status. */
const WAY: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  CREATED: [],
  PENDING_PAYMENT: ['PENDING_PAYMENT'],
  PAYMENT_COMPLETED: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED'],
  PREPARING: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'PREPARING'],
  IN_WAREHOUSE: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'IN_WAREHOUSE'],
  SHIPMENT_STARTED: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'PREPARING', 'SHIPMENT_STARTED'],
  IN_TRANSIT: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'PREPARING', 'SHIPMENT_STARTED', 'IN_TRANSIT'],
  COMPLETED: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'IN_WAREHOUSE', 'COMPLETED'],
  REFUND_REQUESTED: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'IN_WAREHOUSE', 'COMPLETED', 'REFUND_REQUESTED'],
  REFUNDED: ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'IN_WAREHOUSE', 'COMPLETED', 'REFUND_REQUESTED', 'REFUNDED'],
  CANCELLED: ['CANCELLED'],
};

describe('every move that is allowed is possible, and every other is refused', () => {
  const shop = new Fixture().shop();

  test('by the code', () => {
    for (const from of ORDER_STATUSES)
      for (const to of ORDER_STATUSES)
        expect([from, to, canTransitionTo(from, to)]).toEqual([from, to, ALLOWED.has(`${from}>${to}`)]);
  });

  test.each(ORDER_STATUSES)('by the database, from %s', async (from) => {
    for (const to of ORDER_STATUSES.filter((status) => status !== from)) {
      const refusal = await tryMove(from, to);
      expect([from, to, refusal]).toEqual([from, to, ALLOWED.has(`${from}>${to}`) ? undefined : 'OS001']);
    }
  });

  test('by the database: an order is born CREATED', async () => {
    const birth = shop
      .db('orders')
      .insert({ user_id: 'u', user_email: 'u@example.com', currency: 'KRW', total_minor: 1, status: 'COMPLETED' });
    await expect(birth).rejects.toMatchObject({ code: 'OS001' });
  });

  /** Tries the move on an order that is forgotten again; returns the SQLSTATE that refused it. */
  async function tryMove(from: OrderStatus, to: OrderStatus): Promise<string | undefined> {
    const trx = await shop.db.transaction();
    try {
      const [row] = (await trx('orders')
        .insert({ user_id: 'u', user_email: 'u@example.com', currency: 'KRW', total_minor: 1 })
        .returning('id')) as { id: number }[];
      const id = row?.id ?? 0;
      for (const status of WAY[from]) await trx('orders').where({ id }).update({ status });
      try {
        await trx('orders').where({ id }).update({ status: to });
        return undefined;
      } catch (error) {
        return (error as { code?: string }).code;
      }
    } finally {
      await trx.rollback();
    }
  }
});
