import { randomUUID } from 'node:crypto';
import { placeOrder } from '../../api/routes/place-order';
import { findTopic, type Topic, topicDefinition } from '../../contracts/topics';
import { savePaymentRequest } from '../../db/payment-requests';
import { Fixture } from '../support/fixture';
import { payBody } from '../support/shop';

describe('an order is placed', () => {
  const shop = new Fixture().shop();
  const who = {
    userId: 'user-1',
    email: 'kim@example.com',
    role: 'customer' as const,
    expiresAt: Number.POSITIVE_INFINITY,
  };

  /** Places an order in a transaction that is undone, so that no relay takes its events. */
  async function placed<Result>(look: (orderId: number, trx: typeof shop.db) => Promise<Result>): Promise<Result> {
    const skus = await Promise.all([shop.product(5, 1_000), shop.product(5, 300)]);
    const trx = await shop.db.transaction();
    try {
      const lines = skus.map((sku, index) => ({ sku, quantity: index + 1 }));
      const { orderId } = await placeOrder(trx, who, { lines }, 'KRW', 'ko', true);
      return await look(orderId, trx);
    } finally {
      await trx.rollback();
    }
  }

  test('in two statements: its prices are read, and it is saved', async () => {
    const sku = await shop.product(5);
    const statements: string[] = [];
    const record = ({ sql }: { sql: string }) => statements.push(sql);
    shop.db.on('query', record);
    const { orderId } = await placeOrder(shop.db, who, { lines: [{ sku, quantity: 1 }] }, 'KRW', 'ko', true);
    shop.db.off('query', record);
    expect(statements).toEqual([
      expect.stringMatching(/^select .* from "products"/),
      'select place_order(?) as result'.replace('?', '$1'),
    ]);
    expect(await shop.db('timeline').where({ order_id: orderId }).orderBy('id').first()).toMatchObject({
      type: 'status',
      data: { from: null, to: 'CREATED' },
    });
  });

  test('with events that its topics take, its birth before its stock', async () => {
    await placed(async (orderId, trx) => {
      const rows = (await trx('outbox')
        .where({ key: String(orderId) })
        .orderBy('id')) as {
        topic: Topic;
        value: string;
        headers: Record<string, string>;
      }[];
      expect(rows.map(({ topic }) => topic)).toEqual(['order.status.changed', 'stock.decrease.requested']);
      const [birth, stock] = rows.map(({ topic, value }) => topicDefinition(topic).schema.parse(JSON.parse(value)));
      expect(birth).toMatchObject({ orderId, from: null, to: 'CREATED' });
      const lines = (await trx('order_lines').where({ order_id: orderId }).select('sku', 'quantity')) as unknown[];
      expect(stock).toMatchObject({ orderId, userEmail: who.email, lines: expect.arrayContaining(lines) as unknown });
      expect((stock as { lines: unknown[] }).lines).toHaveLength(2);
    });
  });

  test("and paid by a request that its topic takes, with the order's own address", async () => {
    await placed(async (orderId, trx) => {
      const event = {
        eventId: randomUUID(),
        eventCreatedAt: new Date().toISOString(),
        schemaVersion: 1 as const,
        orderId,
        requestDto: { ...payBody(), paymentRequest: { method: 'CARD' as const, token: 'tok_visa' } },
        retryCount: 0,
      };
      const request = {
        userId: who.userId,
        event,
        payableIn: ['CREATED'],
        refusedIn: ['COMPENSATING'],
        notifies: false,
      } as const;
      expect(await savePaymentRequest(trx, { ...request, userId: 'another' })).toBeUndefined();
      expect(await savePaymentRequest(trx, { ...request, payableIn: ['PENDING_PAYMENT'] })).toMatchObject({
        status: 'CREATED',
        isSaved: false,
      });
      expect(await savePaymentRequest(trx, { ...request, refusedIn: ['RUNNING'] })).toMatchObject({ isSaved: false });
      expect(await savePaymentRequest(trx, request)).toEqual({
        status: 'CREATED',
        sagaState: 'RUNNING',
        isSaved: true,
      });
      expect(await savePaymentRequest(trx, request)).toMatchObject({ isSaved: false });
      const [row] = (await trx('outbox')
        .where({ key: String(orderId) })
        .orderBy('id', 'desc')
        .limit(1)) as [{ topic: string; value: string }];
      const parsed = findTopic(row.topic)?.schema.parse(JSON.parse(row.value));
      expect([row.topic, parsed]).toEqual(['order-processing-topic', { ...event, userEmail: who.email }]);
    });
  });
});
