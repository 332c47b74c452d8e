import { TOPICS } from '../../contracts/topics';
import type { Broker } from '../support/broker';
import { eventOf } from '../support/broker';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { recordOutcomes } from '../support/metrics';
import { processingEvent, stockEvent, unannouncedOrder } from '../support/processing';
import { expectOneWorkflowEach } from '../support/settled';
import { until } from '../support/until';

describe('Kafka records', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.orderStatusChanged]);

  const requestsOf = (orderId: number) =>
    shop
      .db('processing_requests')
      .where({ order_id: orderId })
      .orderBy('created_at')
      .select('event_id', 'source', 'state', 'attempt', 'reason');

  /** What became of the records of a topic while `work` ran, once all of them are committed. */
  async function outcomesOf(topic: Parameters<Broker['untilCommitted']>[0], work: () => Promise<unknown>) {
    await broker.untilCommitted(topic);
    const before = await recordOutcomes(shop.system, topic);
    await work();
    await broker.untilCommitted(topic);
    const after = await recordOutcomes(shop.system, topic);
    return {
      processed: after.processed - before.processed,
      duplicate: after.duplicate - before.duplicate,
      dead: after.dead - before.dead,
    };
  }

  describe('the same record 100 times has one effect:', () => {
    test('stock.decrease.requested', async () => {
      const sku = await shop.product(10);
      const orderId = await unannouncedOrder(shop, sku, 2);
      const outcomes = await outcomesOf(TOPICS.stockDecreaseRequested, () =>
        broker.publish(TOPICS.stockDecreaseRequested, stockEvent(orderId, sku, 2), 100),
      );
      expect(outcomes).toEqual({ processed: 1, duplicate: 99, dead: 0 });
      await shop.reaches(orderId, 'PENDING_PAYMENT');
      expect(await shop.stock(sku)).toEqual({ free: 8, held: 2, sold: 0 });
      await expectLedgersToBalance(shop, orderId);
      await expectOneWorkflowEach(shop, [orderId]);
    });

    test('order-processing-topic', async () => {
      const { orderId } = await shop.payableOrder();
      const outcomes = await outcomesOf(TOPICS.orderProcessing, () =>
        broker.publish(TOPICS.orderProcessing, processingEvent(orderId), 100),
      );
      expect(outcomes).toEqual({ processed: 1, duplicate: 99, dead: 0 });
      await shop.reaches(orderId, 'PREPARING');
      expect(await shop.providers.ledger(orderId)).toMatchObject([{ type: 'charge', key: `${orderId}:payment:1` }]);
      expect(await requestsOf(orderId)).toMatchObject([{ source: 'kafka', state: 'DONE', attempt: 1 }]);
      await expectLedgersToBalance(shop, orderId);
      await expectOneWorkflowEach(shop, [orderId]);
    });

    test('shipment.status and stock.decrease.failed', async () => {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING');
      await broker.publish(TOPICS.shipmentStatus, { orderId, status: 'IN_TRANSIT' }, 100);
      await broker.publish(TOPICS.stockDecreaseFailed, { orderId, reason: 'recount' }, 100);
      await broker.untilCommitted(TOPICS.shipmentStatus);
      await broker.untilCommitted(TOPICS.stockDecreaseFailed);
      await shop.reaches(orderId, 'IN_TRANSIT');
      expect(await shop.statuses(orderId)).toEqual([...PAID, 'SHIPMENT_STARTED', 'IN_TRANSIT']);
      await expectLedgersToBalance(shop, orderId);
    });
  });

  test('a processing event before its stock event waits for the stock step, and the late stock event is a duplicate', async () => {
    const sku = await shop.product(3);
    const orderId = await unannouncedOrder(shop, sku);
    await broker.publish(TOPICS.orderProcessing, processingEvent(orderId));
    await shop.reaches(orderId, 'PREPARING');
    const outcomes = await outcomesOf(TOPICS.stockDecreaseRequested, () =>
      broker.publish(TOPICS.stockDecreaseRequested, stockEvent(orderId, sku)),
    );
    expect(outcomes).toEqual({ processed: 0, duplicate: 1, dead: 0 });
    expect(await shop.statuses(orderId)).toEqual(PAID);
    expect(await shop.stock(sku)).toEqual({ free: 2, held: 0, sold: 1 });
    await expectLedgersToBalance(shop, orderId);
  });

  describe('a request while another runs', () => {
    async function secondWhileFirstRuns(first: { token: string }) {
      const { orderId } = await shop.payableOrder();
      await shop.providers.outage(orderId, 'slow', 'payment', 1_000);
      await broker.publish(TOPICS.orderProcessing, processingEvent(orderId, first));
      await until(
        'the first request to run',
        () => requestsOf(orderId),
        (rows) => rows[0]?.state !== 'PENDING',
      );
      await broker.publish(TOPICS.orderProcessing, processingEvent(orderId));
      await broker.untilCommitted(TOPICS.orderProcessing);
      await shop.providers.outage(orderId, 'none');
      await shop.reaches(orderId, 'PREPARING');
      return { orderId, requests: await shop.attemptEnds(orderId, 1) };
    }

    test('is handled after it, and does not charge an order that is paid by then', async () => {
      const { orderId, requests } = await secondWhileFirstRuns({ token: 'tok_visa' });
      expect(requests).toEqual([
        { state: 'DONE', reason: null },
        { state: 'SKIPPED', reason: 'order is PREPARING' },
      ]);
      expect(await shop.providers.ledger(orderId)).toMatchObject([{ type: 'charge', key: `${orderId}:payment:1` }]);
      await expectLedgersToBalance(shop, orderId);
    });

    test('pays the order when the first is declined', async () => {
      const { orderId, requests } = await secondWhileFirstRuns({ token: 'tok_declined' });
      expect(requests).toEqual([
        { state: 'FAILED', reason: 'CARD_DECLINED' },
        { state: 'DONE', reason: null },
      ]);
      expect(await shop.providers.ledger(orderId)).toMatchObject([{ type: 'charge', key: `${orderId}:payment:2` }]);
      await expectLedgersToBalance(shop, orderId);
    });
  });

  test("a foreign producer's event is read with its time in Asia/Seoul and its unknown fields ignored", async () => {
    const { orderId } = await shop.payableOrder();
    const event = {
      ...eventOf(processingEvent(orderId)),
      eventCreatedAt: '2026-01-31T09:30:00.123',
      producer: { name: 'legacy-shop', version: 7 },
    };
    await broker.publish(TOPICS.orderProcessing, event);
    await shop.reaches(orderId, 'PREPARING');
    const stored = await shop.db('processing_requests').where({ order_id: orderId }).first('event', 'source');
    expect(stored).toMatchObject({ source: 'kafka', event: { eventCreatedAt: '2026-01-31T00:30:00.123Z' } });
    expect(stored.event).not.toHaveProperty('producer');
    expect(await shop.providers.ledger(orderId)).toHaveLength(1);
  });

  describe('stock.decrease.failed from another system', () => {
    test('cancels an order that waits for its payment, and gives its stock back', async () => {
      const { orderId, sku } = await shop.payableOrder(2, 5);
      await broker.publish(TOPICS.stockDecreaseFailed, { orderId, reason: 'the shelf is empty' });
      const view = await shop.reaches(orderId, 'CANCELLED');
      expect(view.reason).toBe('STOCK_FAILED_ELSEWHERE');
      expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
      await expectLedgersToBalance(shop, orderId);
    });

    test('cancels an order whose own stock event has not even come', async () => {
      const sku = await shop.product(5);
      const orderId = await unannouncedOrder(shop, sku);
      await broker.publish(TOPICS.stockDecreaseFailed, { orderId, reason: 'the shelf is empty' });
      await shop.reaches(orderId, 'CANCELLED');
      expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
      await expectLedgersToBalance(shop, orderId);
    });

    test('changes nothing once the order is paid', async () => {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING');
      const outcomes = await outcomesOf(TOPICS.stockDecreaseFailed, () =>
        broker.publish(TOPICS.stockDecreaseFailed, { orderId, reason: 'too late' }),
      );
      expect(outcomes).toEqual({ processed: 0, duplicate: 1, dead: 0 });
      expect(await shop.statuses(orderId)).toEqual(PAID);
      await expectLedgersToBalance(shop, orderId);
    });
  });

  describe('shipment.status', () => {
    async function preparing(): Promise<number> {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING');
      return orderId;
    }

    test.each([
      ['IN_TRANSIT', ['SHIPMENT_STARTED', 'IN_TRANSIT']],
      ['DELIVERED', ['SHIPMENT_STARTED', 'IN_TRANSIT', 'COMPLETED']],
    ] as const)('%s while PREPARING passes the states between, in order', async (status, passed) => {
      const orderId = await preparing();
      await broker.publish(TOPICS.shipmentStatus, { orderId, status, trackingNumber: 'KR-1' });
      await shop.reaches(orderId, passed[passed.length - 1] as (typeof passed)[number]);
      expect(await shop.statuses(orderId)).toEqual([...PAID, ...passed]);
      await expectLedgersToBalance(shop, orderId);
    });

    test('behind the order is written down as refused, and changes nothing', async () => {
      const orderId = await preparing();
      await broker.publish(TOPICS.shipmentStatus, { orderId, status: 'IN_TRANSIT' });
      await broker.publish(TOPICS.shipmentStatus, { orderId, status: 'SHIPMENT_STARTED' });
      const refused = await until(
        'the refusal',
        () => shop.db('timeline').where({ order_id: orderId, type: 'refused' }).pluck('data'),
        (rows) => rows.length > 0,
      );
      expect(refused).toEqual([{ signal: 'shipmentUpdated', to: 'SHIPMENT_STARTED', status: 'IN_TRANSIT' }]);
      expect((await shop.status(orderId)).status).toBe('IN_TRANSIT');
      expect(await shop.statuses(orderId)).toEqual([...PAID, 'SHIPMENT_STARTED', 'IN_TRANSIT']);
    });

    test('before PREPARING waits in the workflow', async () => {
      const { orderId } = await shop.payableOrder();
      await broker.publish(TOPICS.shipmentStatus, { orderId, status: 'IN_TRANSIT' });
      await broker.untilCommitted(TOPICS.shipmentStatus);
      expect((await shop.status(orderId)).status).toBe('PENDING_PAYMENT');
      await shop.pay(orderId);
      await shop.reaches(orderId, 'IN_TRANSIT');
      expect(await shop.statuses(orderId)).toEqual([...PAID, 'SHIPMENT_STARTED', 'IN_TRANSIT']);
      await expectLedgersToBalance(shop, orderId);
    });

    test('every move is published as order.status.changed, in the order of the moves', async () => {
      const orderId = await preparing();
      for (const status of ['SHIPMENT_STARTED', 'IN_TRANSIT', 'DELIVERED'] as const)
        await broker.publish(TOPICS.shipmentStatus, { orderId, status });
      await shop.reaches(orderId, 'COMPLETED');
      const moves = await shop.statuses(orderId);
      const published = await broker.untilEvents(TOPICS.orderStatusChanged, orderId, moves.length);
      expect(published.map(({ from, to }) => [from, to])).toEqual(
        moves.map((to, index) => [moves[index - 1] ?? null, to]),
      );
    });
  });
});

const PAID = ['CREATED', 'PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'PREPARING'];
